// What each keyword of a JSON schema says of its node: a table.
#include <algorithm>
#include <array>
#include <cmath>

#include "schema/json_pointer.h"
#include "schema/schema_parser.h"

namespace alv::schema {
namespace {

constexpr std::array<std::string_view, 16> kAnnotations = {
    "$schema", "$comment",         "$defs",           "definitions",  "title",     "description",
    "default", "examples",         "deprecated",      "readOnly",     "writeOnly", "format",
    "$id",     "contentMediaType", "contentEncoding", "contentSchema"};

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

}  // namespace

bool is_annotation(std::string_view key) {
    return std::find(kAnnotations.begin(), kAnnotations.end(), key) != kAnnotations.end();
}

Status SchemaParser::read_keyword(Node& node, const std::string& key, const Ordered& value) {
    using Read = Status (SchemaParser::*)(Node&, const std::string&, const Ordered&);
    struct Keyword {
        std::string_view name;
        Read read;
    };
    // "properties" is read before all others.
    static constexpr std::array<Keyword, 23> kKeywords = {{
        {"type", &SchemaParser::read_type},
        {"enum", &SchemaParser::read_values},
        {"const", &SchemaParser::read_values},
        {"$ref", &SchemaParser::read_ref},
        {"anyOf", &SchemaParser::read_choice},
        {"oneOf", &SchemaParser::read_choice},
        {"allOf", &SchemaParser::read_choice},
        {"minLength", &SchemaParser::read_size},
        {"maxLength", &SchemaParser::read_size},
        {"minItems", &SchemaParser::read_size},
        {"maxItems", &SchemaParser::read_size},
        {"minimum", &SchemaParser::read_bound},
        {"maximum", &SchemaParser::read_bound},
        {"exclusiveMinimum", &SchemaParser::read_bound},
        {"exclusiveMaximum", &SchemaParser::read_bound},
        {"pattern", &SchemaParser::read_pattern},
        {"prefixItems", &SchemaParser::read_prefix_items},
        {"items", &SchemaParser::read_items},
        {"required", &SchemaParser::read_required},
        {"additionalProperties", &SchemaParser::read_additional},
        {"uniqueItems", &SchemaParser::read_unique_items},
        {"$id", &SchemaParser::read_id},
        {"$schema", &SchemaParser::read_dialect},
    }};
    const auto known = std::find_if(kKeywords.begin(), kKeywords.end(),
                                    [&](const Keyword& keyword) { return keyword.name == key; });
    if (known != kKeywords.end()) return (this->*known->read)(node, key, value);
    if (is_annotation(key)) return ok_status();
    return refuse(node.path, key, "is not supported");
}

Status SchemaParser::read_type(Node& node, const std::string&, const Ordered& value) {
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

// enum and const: const is a list of one.
Status SchemaParser::read_values(Node& node, const std::string& key, const Ordered& value) {
    if (key == "enum" && !value.is_array()) return wrong(node, key, "is not a list");
    if (node.has_values) return refuse(node.path, "const", "beside \"enum\" can't be done");
    node.has_values = true;
    const auto add = [&](const Ordered& item) {
        node.values.push_back(Json::parse(item.dump(), nullptr, false));
    };
    if (key == "const") {
        add(value);
    } else {
        std::for_each(value.begin(), value.end(), add);
    }
    return ok_status();
}

Status SchemaParser::read_size(Node& node, const std::string& key, const Ordered& value) {
    if (!value.is_number()) return wrong(node, key, "is not a number");
    const auto number = value.get<double>();
    if (!(number >= 0) || number != std::floor(number)) {
        return wrong(node, key, "is not a whole number from 0 on");
    }
    uint32_t& out = key == "minLength"   ? node.min_length
                    : key == "maxLength" ? node.max_length
                    : key == "minItems"  ? node.min_items
                                         : node.max_items;
    out = number >= static_cast<double>(kNoMax) ? kNoMax - 1 : static_cast<uint32_t>(number);
    return ok_status();
}

Status SchemaParser::read_bound(Node& node, const std::string& key, const Ordered& value) {
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

Status SchemaParser::read_required(Node& node, const std::string&, const Ordered& value) {
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

Status SchemaParser::read_ref(Node& node, const std::string&, const Ordered& value) {
    if (!value.is_string()) return wrong(node, "$ref", "is not a text");
    const auto ref = value.get<std::string>();
    if (ref.empty() || ref[0] != '#' || (ref.size() > 1 && ref[1] != '/')) {
        return refuse(node.path, "$ref", "to '" + ref + "': only #/... in the same schema");
    }
    const Place place = follow_pointer(root_, ref);
    if (!place.json) return wrong(node, "$ref", "leads to '" + ref + "', which is not there");
    ALV_ASSIGN_OR_RETURN(node.ref, node_for(*place.json, place.path));
    return ok_status();
}

Status SchemaParser::read_choice(Node& node, const std::string& key, const Ordered& value) {
    if (node.any_of_given) return refuse(node.path, key, "beside another choice can't be done");
    if (key == "allOf" && value.size() != 1) {
        return refuse(node.path, key, "of several schemas can't be done");
    }
    node.any_of_given = true;
    node.exclusive = key == "oneOf";
    return read_list(node, key, value, node.any_of);
}

Status SchemaParser::read_pattern(Node& node, const std::string& key, const Ordered& value) {
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

Status SchemaParser::read_prefix_items(Node& node, const std::string& key, const Ordered& value) {
    return read_list(node, key, value, node.prefix_items);
}

Status SchemaParser::read_items(Node& node, const std::string& key, const Ordered& value) {
    ALV_ASSIGN_OR_RETURN(node.items, node_for(value, pointer_step(node.path, key)));
    return ok_status();
}

Status SchemaParser::read_additional(Node& node, const std::string& key, const Ordered& value) {
    ALV_ASSIGN_OR_RETURN(node.additional, node_for(value, pointer_step(node.path, key)));
    return ok_status();
}

Status SchemaParser::read_unique_items(Node& node, const std::string& key, const Ordered& value) {
    if (value.is_boolean() && !value.get<bool>()) return ok_status();
    return refuse(node.path, key, "is not supported");
}

Status SchemaParser::read_id(Node& node, const std::string& key, const Ordered&) {
    return node.path == "#" ? ok_status() : refuse(node.path, key, "inside a schema can't be done");
}

// Another vocabulary may give the same keywords another meaning.
Status SchemaParser::read_dialect(Node& node, const std::string& key, const Ordered& value) {
    const bool known =
        value.is_string() && value.get<std::string>().find("json-schema.org/") != std::string::npos;
    return known ? ok_status() : refuse(node.path, key, "is not one of JSON Schema's own");
}

}  // namespace alv::schema
