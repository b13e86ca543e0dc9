// JSON text to the nodes of a schema. A list of what is to be read instead of recursion.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"

namespace alv::schema {

// Says nothing about what is allowed.
bool is_annotation(std::string_view key);

class SchemaParser {
  public:
    using Ordered = OrderedJson;
    SchemaParser(const Ordered& root, Schema& out) : root_(root), out_(out) {}
    Status run();

  private:
    using Id = Schema::Id;
    using Node = Schema::Node;
    struct Task {
        const Ordered* json;
        Id id;
    };

    // The node of this part of the text: one, however many refer to it.
    Result<Id> node_for(const Ordered& json, const std::string& path);
    Status read(const Task& task);
    Status read_properties(Node& node, const Ordered& value);
    Status check_company(const Node& node, const Ordered& json) const;
    Status check_refs() const;
    Status check_exclusive(const Node& node) const;

    // schema_keywords.cpp
    Status read_keyword(Node& node, const std::string& key, const Ordered& value);
    Status read_type(Node& node, const std::string& key, const Ordered& value);
    Status read_values(Node& node, const std::string& key, const Ordered& value);
    Status read_ref(Node& node, const std::string& key, const Ordered& value);
    Status read_choice(Node& node, const std::string& key, const Ordered& value);
    Status read_size(Node& node, const std::string& key, const Ordered& value);
    Status read_bound(Node& node, const std::string& key, const Ordered& value);
    Status read_pattern(Node& node, const std::string& key, const Ordered& value);
    Status read_prefix_items(Node& node, const std::string& key, const Ordered& value);
    Status read_items(Node& node, const std::string& key, const Ordered& value);
    Status read_required(Node& node, const std::string& key, const Ordered& value);
    Status read_additional(Node& node, const std::string& key, const Ordered& value);
    Status read_unique_items(Node& node, const std::string& key, const Ordered& value);
    Status read_id(Node& node, const std::string& key, const Ordered& value);
    Status read_dialect(Node& node, const std::string& key, const Ordered& value);
    Status read_list(Node& node, const std::string& key, const Ordered& value,
                     std::vector<Id>& out);

    static Status wrong(const Node& node, const std::string& key, const std::string& what) {
        return invalid_argument("schema " + node.path + ": \"" + key + "\" " + what);
    }
    static Status refuse(const std::string& path, const std::string& key, const std::string& why) {
        return unsupported("schema " + path + ": \"" + key + "\" " + why);
    }

    const Ordered& root_;
    Schema& out_;
    std::map<const Ordered*, Id> ids_;
    std::vector<Task> todo_;
};

}  // namespace alv::schema
