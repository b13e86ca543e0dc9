#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "schema/schema.h"

namespace alv::schema {
namespace {

constexpr uint32_t kMaxSteps = 400;  // from schema to schema, on one path

class Validator {
  public:
    explicit Validator(const Schema& schema, Schema::Id any_value_at = Schema::kNone)
        : schema_(schema), any_value_at_(any_value_at) {}
    Status check(Schema::Id id, const Json& value, const std::string& path);

  private:
    using Node = Schema::Node;
    Status check_string(const Node& node, const Json& value, const std::string& path) const;
    Status check_number(const Node& node, const Json& value, const std::string& path) const;
    Status check_array(const Node& node, const Json& value, const std::string& path);
    Status check_object(const Node& node, const Json& value, const std::string& path);
    Status check_choice(const Node& node, const Json& value, const std::string& path);

    static Status no(const std::string& path, const std::string& keyword) {
        return invalid_argument((path.empty() ? std::string("the document") : path) +
                                " does not match \"" + keyword + "\"");
    }

    const Schema& schema_;
    const Schema::Id any_value_at_;  // whose enum and const are not looked at
    uint32_t depth_ = 0;
};

Status Validator::check_string(const Node& node, const Json& value, const std::string& path) const {
    const auto& text = value.get_ref<const std::string&>();
    size_t length = 0;
    for (size_t at = 0; at < text.size(); ++length) at += utf8::next(text, at).size;
    if (length < node.min_length) return no(path, "minLength");
    if (node.max_length != kNoMax && length > node.max_length) return no(path, "maxLength");
    if (node.pattern) {
        Matcher matcher(node.pattern->automaton);
        Matcher::State state = matcher.start();
        for (const char c : text) {
            state = matcher.step(state, static_cast<uint8_t>(c));
            if (state == Matcher::kDead) return no(path, "pattern");
        }
        if (!matcher.accepts(state)) return no(path, "pattern");
    }
    return ok_status();
}

Status Validator::check_number(const Node& node, const Json& value, const std::string& path) const {
    // nlohmann compares integers and floats by value.
    if (node.low &&
        (value < node.low->value || (node.low->exclusive && value == node.low->value))) {
        return no(path, node.low->exclusive ? "exclusiveMinimum" : "minimum");
    }
    if (node.high &&
        (value > node.high->value || (node.high->exclusive && value == node.high->value))) {
        return no(path, node.high->exclusive ? "exclusiveMaximum" : "maximum");
    }
    return ok_status();
}

Status Validator::check_array(const Node& node, const Json& value, const std::string& path) {
    if (value.size() < node.min_items) return no(path, "minItems");
    if (node.max_items != kNoMax && value.size() > node.max_items) return no(path, "maxItems");
    for (size_t i = 0; i < value.size(); ++i) {
        const Schema::Id item = i < node.prefix_items.size() ? node.prefix_items[i] : node.items;
        if (item == Schema::kNone) continue;
        ALV_RETURN_IF_ERROR(check(item, value[i], path + "/" + std::to_string(i)));
    }
    return ok_status();
}

Status Validator::check_object(const Node& node, const Json& value, const std::string& path) {
    for (const Schema::Property& property : node.properties) {
        if (property.required && !value.contains(property.name)) {
            return no(path, "required: " + property.name);
        }
    }
    for (const auto& [name, item] : value.items()) {
        const auto known = std::find_if(
            node.properties.begin(), node.properties.end(),
            [&](const auto& p) { return p.name == name && p.schema != Schema::kNone; });
        const Schema::Id id = known != node.properties.end() ? known->schema : node.additional;
        if (id == Schema::kNone) continue;
        if (schema_.node(id).never) return no(path, "additionalProperties: " + name);
        std::string place = path;
        place.append("/").append(name);
        ALV_RETURN_IF_ERROR(check(id, item, place));
    }
    return ok_status();
}

Status Validator::check_choice(const Node& node, const Json& value, const std::string& path) {
    Status last = ok_status();
    for (const Schema::Id branch : node.any_of) {
        last = check(branch, value, path);
        if (last.ok() || last.code() == Code::kLimitExceeded) return last;
    }
    return node.any_of.size() == 1 ? last : no(path, node.exclusive ? "oneOf" : "anyOf");
}

Status Validator::check(Schema::Id id, const Json& value, const std::string& path) {
    if (++depth_ > kMaxSteps) return limit_exceeded("the document is too deep for its schema");
    struct Leave {
        uint32_t& depth;
        ~Leave() { --depth; }
    } const leave{depth_};
    const Node& node = schema_.node(id);
    if (node.never) return no(path, "false");
    const uint32_t type = type_of(value);
    if ((type & node.types) == 0) return no(path, "type");
    if (node.has_values && id != any_value_at_ &&
        std::none_of(node.values.begin(), node.values.end(),
                     [&](const Json& allowed) { return allowed == value; })) {
        return no(path, "enum");
    }
    if (node.ref != Schema::kNone) return check(node.ref, value, path);
    if (node.any_of_given) return check_choice(node, value, path);
    switch (type) {
        case Schema::kString:
            return check_string(node, value, path);
        case Schema::kInteger:
        case Schema::kFraction:
            return check_number(node, value, path);
        case Schema::kArray:
            return check_array(node, value, path);
        case Schema::kObject:
            return check_object(node, value, path);
        default:
            return ok_status();
    }
}

}  // namespace

uint32_t type_of(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null:
            return Schema::kNull;
        case Json::value_t::boolean:
            return Schema::kBoolean;
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
            return Schema::kInteger;
        case Json::value_t::number_float: {
            const auto decimal = to_decimal(value);
            const double number = value.get<double>();
            const bool whole = decimal ? decimal->fraction.empty() : std::abs(number) >= 1;
            return whole ? Schema::kInteger : Schema::kFraction;
        }
        case Json::value_t::string:
            return Schema::kString;
        case Json::value_t::array:
            return Schema::kArray;
        case Json::value_t::object:
            return Schema::kObject;
        default:
            return 0;
    }
}

Status validate(const Schema& schema, Schema::Id node, const Json& document) {
    return Validator(schema).check(node, document, "");
}

Status validate_rest(const Schema& schema, Schema::Id node, const Json& document) {
    return Validator(schema, node).check(node, document, "");
}

Status validate(const Schema& schema, const Json& document) {
    return validate(schema, 0, document);
}

Status validate_text(const Schema& schema, std::string_view document) {
    if (json_depth(document) > schema.limits().max_depth) {
        return limit_exceeded("the document is nested too deeply");
    }
    const Json json = Json::parse(document, nullptr, false);
    if (json.is_discarded()) return invalid_argument("the document is not JSON");
    return validate(schema, json);
}

}  // namespace alv::schema
