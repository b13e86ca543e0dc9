// JSON text to the nodes of a schema. A list of what is to be read instead of recursion.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "schema/branches.h"
#include "schema/nesting.h"
#include "schema/schema.h"

namespace alv::schema {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr std::array<std::string_view, 16> kAnnotations = {
    "$schema", "$comment",         "$defs",           "definitions",  "title",     "description",
    "default", "examples",         "deprecated",      "readOnly",     "writeOnly", "format",
    "$id",     "contentMediaType", "contentEncoding", "contentSchema"};

bool is_annotation(std::string_view key) {
    return std::find(kAnnotations.begin(), kAnnotations.end(), key) != kAnnotations.end();
}

uint32_t type_named(std::string_view name) {
    if (name == "null") return Schema::kNull;
    if (name == "boolean") return Schema::kBoolean;
    if (name == "integer") return Schema::kInteger;
    if (name == "number") return Schema::kInteger | Schema::kFraction;
    if (name == "string") return Schema::kString;
    if (name == "array") return Schema::kArray;
    if (name == "object") return Schema::kObject;
    return 0;
}

std::string pointer_step(const std::string& path, std::string_view key) {
    std::string out = path + "/";
    for (const char c : key) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
    return out;
}

// One part of a JSON pointer in a URI fragment.
std::string undo_escapes(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(
                std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
            i += 2;
        } else if (text[i] == '~' && i + 1 < text.size()) {
            out += text[i + 1] == '1' ? '/' : '~';
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

// Depth of brackets outside of strings.
uint32_t nesting_of(std::string_view text) {
    uint32_t depth = 0;
    uint32_t most = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            most = std::max(most, ++depth);
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return most;
}

class SchemaParser {
  public:
    SchemaParser(const Ordered& root, Schema& out) : root_(root), out_(out) {}
    Status run();

  private:
    using Id = Schema::Id;
    using Node = Schema::Node;
    struct Task {
        const Ordered* json;
        Id id;
    };

    Result<Id> node_for(const Ordered& json, const std::string& path);
    Status read(const Task& task);
    Status read_keyword(Node& node, const std::string& key, const Ordered& value);
    Status read_type(Node& node, const Ordered& value);
    Status read_values(Node& node, const Ordered& value);
    Status read_number_keyword(Node& node, const std::string& key, const Ordered& value);
    Status read_size(Node& node, const std::string& key, const Ordered& value, uint32_t& out);
    Status read_list(Node& node, const std::string& key, const Ordered& value,
                     std::vector<Id>& out);
    Status read_properties(Node& node, const Ordered& value);
    Status read_required(Node& node, const Ordered& value);
    Status read_ref(Node& node, const Ordered& value);
    Status check_company(const Node& node, const Ordered& json) const;
    Status check_refs() const;
    Status check_exclusive(const Node& node) const;

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

Status SchemaParser::read_type(Node& node, const Ordered& value) {
    std::vector<std::string> names;
    if (value.is_string()) names.push_back(value.get<std::string>());
    if (value.is_array()) {
        for (const Ordered& name : value) {
            if (!name.is_string()) return wrong(node, "type", "is not a list of names");
            names.push_back(name.get<std::string>());
        }
    }
    if (names.empty()) return wrong(node, "type", "is neither a name nor a list of names");
    node.types = 0;
    for (const std::string& name : names) {
        const uint32_t type = type_named(name);
        if (type == 0) return wrong(node, "type", "is '" + name + "', which is no type");
        node.types |= type;
    }
    return ok_status();
}

Status SchemaParser::read_values(Node& node, const Ordered& value) {
    if (node.has_values) return refuse(node.path, "const", "beside \"enum\" can't be done");
    node.has_values = true;
    for (const Ordered& item : value) {
        node.values.push_back(Json::parse(item.dump(), nullptr, false));
    }
    return ok_status();
}

Status SchemaParser::read_size(Node& node, const std::string& key, const Ordered& value,
                               uint32_t& out) {
    if (!value.is_number()) return wrong(node, key, "is not a number");
    const auto number = value.get<double>();
    if (!(number >= 0) || number != std::floor(number)) {
        return wrong(node, key, "is not a whole number from 0 on");
    }
    out = number >= static_cast<double>(kNoMax) ? kNoMax - 1 : static_cast<uint32_t>(number);
    return ok_status();
}

Status SchemaParser::read_number_keyword(Node& node, const std::string& key, const Ordered& value) {
    if (!value.is_number()) return wrong(node, key, "is not a number");
    Schema::Bound bound;
    bound.value = Json::parse(value.dump(), nullptr, false);
    const std::optional<Decimal> decimal = to_decimal(bound.value);
    if (!decimal) return refuse(node.path, key, "is too large or too small a number");
    bound.decimal = *decimal;
    bound.exclusive = key[0] == 'e';
    std::optional<Schema::Bound>& place =
        key == "minimum" || key == "exclusiveMinimum" ? node.low : node.high;
    if (place) return refuse(node.path, key, "beside the like of it can't be done");
    place = std::move(bound);
    return ok_status();
}

Status SchemaParser::read_list(Node& node, const std::string& key, const Ordered& value,
                               std::vector<Id>& out) {
    if (!value.is_array() || value.empty()) return wrong(node, key, "is not a list of schemas");
    const std::string path = pointer_step(node.path, key);
    std::vector<Id> ids;
    for (size_t i = 0; i < value.size(); ++i) {
        ALV_ASSIGN_OR_RETURN(const Id id,
                             node_for(value[i], pointer_step(path, std::to_string(i))));
        ids.push_back(id);
    }
    out = std::move(ids);
    return ok_status();
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

Status SchemaParser::read_required(Node& node, const Ordered& value) {
    if (!value.is_array()) return wrong(node, "required", "is not a list of names");
    for (const Ordered& name : value) {
        if (!name.is_string()) return wrong(node, "required", "is not a list of names");
        const auto text = name.get<std::string>();
        const auto known = std::find_if(node.properties.begin(), node.properties.end(),
                                        [&](const auto& p) { return p.name == text; });
        if (known != node.properties.end()) {
            known->required = true;
        } else {
            node.properties.push_back({text, Schema::kNone, true});
        }
    }
    return ok_status();
}

Status SchemaParser::read_ref(Node& node, const Ordered& value) {
    if (!value.is_string()) return wrong(node, "$ref", "is not a text");
    const auto ref = value.get<std::string>();
    if (ref.empty() || ref[0] != '#' || (ref.size() > 1 && ref[1] != '/')) {
        return refuse(node.path, "$ref", "to '" + ref + "': only #/... in the same schema");
    }
    const Ordered* at = &root_;
    std::string path = "#";
    for (size_t from = 2; from <= ref.size();) {
        const size_t slash = std::min(ref.find('/', from), ref.size());
        const std::string key = undo_escapes(std::string_view(ref).substr(from, slash - from));
        from = slash + 1;
        path = pointer_step(path, key);
        if (at->is_object() && at->contains(key)) {
            at = &(*at)[key];
        } else if (at->is_array() && !key.empty() &&
                   key.find_first_not_of("0123456789") == std::string::npos && key.size() < 9 &&
                   std::stoul(key) < at->size()) {
            at = &(*at)[std::stoul(key)];
        } else {
            return wrong(node, "$ref", "leads to '" + ref + "', which is not there");
        }
    }
    ALV_ASSIGN_OR_RETURN(node.ref, node_for(*at, path));
    return ok_status();
}

Status SchemaParser::read_keyword(Node& node, const std::string& key, const Ordered& value) {
    const auto child = [&](Id& out) -> Status {
        ALV_ASSIGN_OR_RETURN(out, node_for(value, pointer_step(node.path, key)));
        return ok_status();
    };
    if (key == "type") return read_type(node, value);
    if (key == "enum") {
        if (!value.is_array()) return wrong(node, key, "is not a list");
        return read_values(node, value);
    }
    if (key == "const") return read_values(node, Ordered::array({value}));
    if (key == "$ref") return read_ref(node, value);
    if (key == "anyOf" || key == "oneOf" || key == "allOf") {
        if (node.any_of_given) return refuse(node.path, key, "beside another choice can't be done");
        if (key == "allOf" && value.size() != 1) {
            return refuse(node.path, key, "of several schemas can't be done");
        }
        node.any_of_given = true;
        node.exclusive = key == "oneOf";
        return read_list(node, key, value, node.any_of);
    }
    if (key == "minLength") return read_size(node, key, value, node.min_length);
    if (key == "maxLength") return read_size(node, key, value, node.max_length);
    if (key == "minItems") return read_size(node, key, value, node.min_items);
    if (key == "maxItems") return read_size(node, key, value, node.max_items);
    if (key == "minimum" || key == "maximum" || key == "exclusiveMinimum" ||
        key == "exclusiveMaximum") {
        return read_number_keyword(node, key, value);
    }
    if (key == "pattern") {
        if (!value.is_string()) return wrong(node, key, "is not a text");
        Schema::Pattern pattern{value.get<std::string>(), nullptr};
        Grammar grammar;
        ALV_ASSIGN_OR_RETURN(const Grammar::Id id, add_pattern(grammar, pattern.source, false));
        grammar.set_root(id);
        Result<std::shared_ptr<const Automaton>> made = Automaton::compile(grammar);
        if (!made.ok()) return refuse(node.path, key, "can't be done: " + made.status().message());
        pattern.automaton = std::move(made).value();
        node.pattern = std::move(pattern);
        return ok_status();
    }
    if (key == "prefixItems") return read_list(node, key, value, node.prefix_items);
    if (key == "items") return child(node.items);
    if (key == "required") return read_required(node, value);
    if (key == "additionalProperties") return child(node.additional);
    if (key == "uniqueItems" && value.is_boolean() && !value.get<bool>()) return ok_status();
    if (key == "$id" && node.path != "#")
        return refuse(node.path, key, "inside a schema can't be done");
    if (key == "$schema") {
        // Another vocabulary may give the same keywords another meaning.
        const bool known = value.is_string() &&
                           value.get<std::string>().find("json-schema.org/") != std::string::npos;
        if (!known) return refuse(node.path, key, "is not one of JSON Schema's own");
    }
    if (is_annotation(key)) return ok_status();
    return refuse(node.path, key, "is not supported");
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
    if (nesting_of(text) > limits.max_depth) {
        return limit_exceeded("the schema is nested deeper than " +
                              std::to_string(limits.max_depth));
    }
    const Ordered root = Ordered::parse(text, nullptr, false);
    if (root.is_discarded()) return invalid_argument("the schema is not JSON");
    const auto schema = std::make_shared<Schema>();
    schema->limits_ = limits;
    ALV_RETURN_IF_ERROR(SchemaParser(root, *schema).run());
    return std::shared_ptr<const Schema>(schema);
}

}  // namespace alv::schema
