// The language in which a host narrows a search down by metadata:
//
//   {"lang": "en", "year": {"$gte": 2020, "$lt": 2024}, "tag": {"$in": ["a", "b"]}}
//
// A field is a key of the metadata object. Its value, or {operator: value, ...}; operators are $eq,
// $ne, $gt, $gte, $lt, $lte (numbers with numbers, text with text), $in, $nin and $exists (true or
// false). Values are text, numbers, true, false; for equality also null. All of an object's members
// hold together; {"$and": [...]}, {"$or": [...]} and {"$not": {...}} combine. "$id" and "$source"
// stand for the document's. A field that is not there equals nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "knowledge/sqlite.h"

namespace alv::knowledge {

// A condition on the tables `c` (chunks) and `d` (documents); all that came from the host is a
// parameter.
struct Filter {
    using Value = std::variant<int64_t, double, std::string>;
    std::string sql;  // empty: all
    std::vector<Value> values;

    // Binds the values from parameter `first` on.
    void bind(Statement& statement, int first) const;
};

// Empty text is no filter. Errors name the field or the operator.
Result<Filter> parse_filter(std::string_view json);

}  // namespace alv::knowledge
