#include "schema/schema_parser.h"

#include "schema/branches.h"
#include "schema/json_pointer.h"

namespace alv::schema {

Result<Schema::Id> SchemaParser::node_for(const Ordered& json, const std::string& path) {
    const auto found = ids_.find(&json);
    if (found != ids_.end()) return found->second;
    if (out_.nodes_.size() >= out_.limits_.max_nodes) {
        return limit_exceeded("the schema has over " + std::to_string(out_.limits_.max_nodes) +
                              " parts");
    }
    const auto id = static_cast<Id>(out_.nodes_.size());
    out_.nodes_.emplace_back();
    out_.nodes_.back().path = path;
    ids_.emplace(&json, id);
    todo_.push_back({&json, id});
    return id;
}

Status SchemaParser::read_properties(Node& node, const Ordered& value) {
    if (!value.is_object()) return wrong(node, "properties", "is not an object");
    node.properties_given = true;
    const std::string path = pointer_step(node.path, "properties");
    for (const auto& [name, schema] : value.items()) {
        ALV_ASSIGN_OR_RETURN(const Id id, node_for(schema, pointer_step(path, name)));
        node.properties.push_back({name, id, false});
    }
    return ok_status();
}

// What can't stand beside what, since a grammar can't be both at once.
Status SchemaParser::check_company(const Node& node, const Ordered& json) const {
    const char* const alone = node.ref != Schema::kNone ? "$ref"
                              : node.any_of_given       ? "a choice of schemas"
                                                        : nullptr;
    if (alone) {
        for (const auto& [key, value] : json.items()) {
            const bool choice = key == "anyOf" || key == "oneOf" || key == "allOf";
            const bool fine = key == "$ref" || (choice && node.ref == Schema::kNone) ||
                              key == "type" || is_annotation(key);
            if (!fine)
                return refuse(node.path, key, std::string("beside ") + alone + " can't be done");
        }
    }
    if (node.pattern && (node.min_length != 0 || node.max_length != kNoMax)) {
        return refuse(node.path, "pattern", "beside a length can't be done");
    }
    return ok_status();
}

Status SchemaParser::read(const Task& task) {
    const Ordered& json = *task.json;
    Node node = std::move(out_.nodes_[task.id]);
    Status status = ok_status();
    if (json.is_boolean()) {
        node.never = !json.get<bool>();
    } else if (!json.is_object()) {
        return invalid_argument("schema " + node.path + ": is neither an object nor true or false");
    } else {
        // Properties first: their order is the one that documents are written in.
        if (json.contains("properties")) {
            ALV_RETURN_IF_ERROR(read_properties(node, json["properties"]));
        }
        for (const auto& [key, value] : json.items()) {
            if (key != "properties") ALV_RETURN_IF_ERROR(read_keyword(node, key, value));
        }
        status = check_company(node, json);
    }
    out_.nodes_[task.id] = std::move(node);
    return status;
}

Status SchemaParser::check_refs() const {
    for (Id id = 0; id < out_.nodes_.size(); ++id) {
        if (resolve(out_, id) == Schema::kNone) {
            return invalid_argument("schema " + out_.nodes_[id].path +
                                    ": \"$ref\" leads back to itself");
        }
    }
    return ok_status();
}

Status SchemaParser::check_exclusive(const Node& node) const {
    if (!node.exclusive) return ok_status();
    for (size_t i = 0; i < node.any_of.size(); ++i) {
        for (size_t k = i + 1; k < node.any_of.size(); ++k) {
            if (are_disjoint(out_, node.any_of[i], node.any_of[k])) continue;
            return refuse(node.path, "oneOf",
                          "has branches " + std::to_string(i) + " and " + std::to_string(k) +
                              " that can't be told apart: use anyOf, or a required property with "
                              "different const values");
        }
    }
    return ok_status();
}

Status SchemaParser::run() {
    ALV_RETURN_IF_ERROR(node_for(root_, "#").status());
    while (!todo_.empty()) {
        const Task task = todo_.back();
        todo_.pop_back();
        ALV_RETURN_IF_ERROR(read(task));
    }
    ALV_RETURN_IF_ERROR(check_refs());
    for (const Node& node : out_.nodes_) ALV_RETURN_IF_ERROR(check_exclusive(node));
    return ok_status();
}

Result<std::shared_ptr<const Schema>> Schema::parse(std::string_view text,
                                                    const SchemaLimits& limits) {
    if (text.size() > limits.max_bytes) {
        return limit_exceeded("the schema has over " + std::to_string(limits.max_bytes) + " bytes");
    }
    if (json_depth(text) > limits.max_depth) {
        return limit_exceeded("the schema is nested deeper than " +
                              std::to_string(limits.max_depth));
    }
    const auto root = SchemaParser::Ordered::parse(text, nullptr, false);
    if (root.is_discarded()) return invalid_argument("the schema is not JSON");
    const auto schema = std::make_shared<Schema>();
    schema->limits_ = limits;
    ALV_RETURN_IF_ERROR(SchemaParser(root, *schema).run());
    return std::shared_ptr<const Schema>(schema);
}

}  // namespace alv::schema
