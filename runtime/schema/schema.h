// A JSON schema (draft 2020-12, a stated part of it: README.md), read once. The validator and the
// grammar both go by it, so that they agree.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "schema/automaton.h"
#include "schema/grammar.h"

namespace alv::schema {

struct SchemaLimits {
    size_t max_bytes = 1u << 20;
    uint32_t max_nodes = 10'000;
    uint32_t max_depth = 100;  // of the schema's text, and of a document
};

// A decimal number, exactly: digits without leading zeros, and those after the point without
// trailing ones.
struct Decimal {
    bool negative = false;
    std::string whole;
    std::string fraction;
};

// Immutable, thread-safe.
class Schema {
  public:
    using Id = uint32_t;
    static constexpr Id kNone = UINT32_MAX;

    enum Type : uint32_t {
        kNull = 1,
        kBoolean = 2,
        kInteger = 4,
        kFraction = 8,  // a number that is no integer
        kString = 16,
        kArray = 32,
        kObject = 64,
        kAnyType = 127,
    };
    struct Bound {
        Json value;
        Decimal decimal;
        bool exclusive = false;
    };
    struct Property {
        std::string name;
        Id schema = kNone;  // kNone: only required
        bool required = false;
    };
    struct Pattern {
        std::string source;
        std::shared_ptr<const Automaton> automaton;  // of the plain text
    };
    struct Node {
        std::string path;    // JSON pointer to it
        bool never = false;  // the schema `false`
        uint32_t types = kAnyType;
        Id ref = kNone;
        bool has_values = false;  // enum or const
        std::deque<Json> values;
        std::vector<Id> any_of;
        bool any_of_given = false;
        bool exclusive = false;  // any_of came as oneOf: its branches exclude each other
        uint32_t min_length = 0;
        uint32_t max_length = kNoMax;
        std::optional<Pattern> pattern;
        std::optional<Bound> low;
        std::optional<Bound> high;
        std::vector<Id> prefix_items;
        Id items = kNone;
        uint32_t min_items = 0;
        uint32_t max_items = kNoMax;
        std::vector<Property> properties;  // in the order of the text
        bool properties_given = false;
        Id additional = kNone;  // kNone: anything
    };

    // Errors: invalid argument (not JSON, not a schema), unsupported (names keyword and place),
    // limit exceeded.
    static Result<std::shared_ptr<const Schema>> parse(std::string_view text,
                                                       const SchemaLimits& limits = {});
    const Node& node(Id id) const { return nodes_[id]; }
    const Node& root() const { return nodes_[0]; }
    size_t size() const { return nodes_.size(); }
    const SchemaLimits& limits() const { return limits_; }

  private:
    friend class SchemaParser;
    std::vector<Node> nodes_;
    SchemaLimits limits_;
};

// Invalid argument names the place in the document and the keyword; limit exceeded: too deep.
Status validate_text(const Schema& schema, std::string_view document);
Status validate(const Schema& schema, const Json& document);
// By the part of the schema at `node`.
Status validate(const Schema& schema, Schema::Id node, const Json& document);
// The same, but for what enum and const say there.
Status validate_rest(const Schema& schema, Schema::Id node, const Json& document);

// Adds the texts that the schema allows, in one style of JSON: {"a": 1, "b": [1, 2]}, properties in
// the order of the schema. Unsupported where no grammar can be told.
Result<Grammar::Id> add_schema(Grammar& grammar, const Schema& schema);
// A regular expression over characters, anchored or not as it says. `escaped`: as the inside of a
// JSON string. Unsupported names what it can't do.
Result<Grammar::Id> add_pattern(Grammar& grammar, std::string_view pattern, bool escaped);
// Numbers from `low` to `high` (null: no end); with a fraction, or integers only.
Grammar::Id add_number_range(Grammar& grammar, const Schema::Bound* low, const Schema::Bound* high,
                             bool fractions);

// The one bit of Schema::Type that a value has.
uint32_t type_of(const Json& value);

// A document in the style of the grammar.
std::string in_style(const Json& value);
std::string in_style(const nlohmann::ordered_json& value);

// The text of a finite JSON number as a decimal; nothing if its exponent is absurd.
std::optional<Decimal> to_decimal(const Json& number);

}  // namespace alv::schema
