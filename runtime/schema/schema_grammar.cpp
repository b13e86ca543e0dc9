// The texts that a schema allows, as a grammar.
#include <algorithm>
#include <map>

#include "schema/schema.h"

namespace alv::schema {
namespace {

class SchemaGrammar {
  public:
    using Id = Grammar::Id;
    SchemaGrammar(Grammar& grammar, const Schema& schema) : g_(grammar), schema_(schema) {}
    Result<Id> run();

  private:
    using Node = Schema::Node;
    struct Task {
        Schema::Id node;
        uint32_t types;
        Id rule;
    };

    // The rule of a part of the schema, of the types in `types` only.
    Id rule_for(Schema::Id node, uint32_t types);
    Id any_value() { return rule_for(Schema::kNone, Schema::kAnyType); }
    Result<Id> body(const Task& task);
    Result<Id> typed(const Node& node, uint32_t types);
    Result<Id> values(const Task& task, const Node& node);
    Result<Id> string(const Node& node);
    Id number(const Node& node, uint32_t types);
    Id array(const Node& node);
    Id object(const Node& node);
    Id string_char();
    Id plain_string(uint32_t min, uint32_t max) {
        return g_.sequence(
            {g_.literal("\""), g_.repeat(string_char(), min, max), g_.literal("\"")});
    }
    Id named(const std::string& hint, Id body) {
        const Id rule = g_.declare(hint);
        g_.define(rule, body);
        return rule;
    }

    Grammar& g_;
    const Schema& schema_;
    std::map<std::pair<Schema::Id, uint32_t>, Id> rules_;
    std::vector<Task> todo_;
    std::optional<Id> string_char_;
};

Grammar::Id SchemaGrammar::rule_for(Schema::Id node, uint32_t types) {
    const auto [at, added] = rules_.try_emplace({node, types}, 0);
    if (added) {
        at->second = g_.declare(node == Schema::kNone ? "any" : schema_.node(node).path);
        todo_.push_back({node, types, at->second});
    }
    return at->second;
}

// One character inside a JSON string.
Grammar::Id SchemaGrammar::string_char() {
    if (string_char_) return *string_char_;
    const std::vector<Grammar::CharRange> plain = {{0x20, 0x21}, {0x23, 0x5b}, {0x5d, 0x10ffff}};
    const std::vector<Grammar::CharRange> simple = {{'"', '"'}, {'/', '/'}, {'\\', '\\'},
                                                    {'b', 'b'}, {'f', 'f'}, {'n', 'n'},
                                                    {'r', 'r'}, {'t', 't'}};
    const std::vector<Grammar::CharRange> hex = {{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
    // No surrogates: the characters they stand for can be written as they are.
    const std::vector<Grammar::CharRange> not_d = {
        {'0', '9'}, {'A', 'C'}, {'E', 'F'}, {'a', 'c'}, {'e', 'f'}};
    const std::vector<Grammar::CharRange> d = {{'D', 'D'}, {'d', 'd'}};
    const Id four =
        g_.choice({g_.sequence({g_.chars(not_d), g_.repeat(g_.chars(hex), 3, 3)}),
                   g_.sequence({g_.chars(d), g_.byte('0', '7'), g_.repeat(g_.chars(hex), 2, 2)})});
    const Id escape = g_.sequence(
        {g_.literal("\\"), g_.choice({g_.chars(simple), g_.sequence({g_.literal("u"), four})})});
    string_char_ = named("char", g_.choice({g_.chars(plain), escape}));
    return *string_char_;
}

Result<Grammar::Id> SchemaGrammar::string(const Node& node) {
    if (!node.pattern) return plain_string(node.min_length, node.max_length);
    ALV_ASSIGN_OR_RETURN(const Id inside, add_pattern(g_, node.pattern->source, true));
    return g_.sequence({g_.literal("\""), inside, g_.literal("\"")});
}

Grammar::Id SchemaGrammar::number(const Node& node, uint32_t types) {
    const bool fractions = (types & Schema::kFraction) != 0;
    return add_number_range(g_, node.low ? &*node.low : nullptr, node.high ? &*node.high : nullptr,
                            fractions);
}

Grammar::Id SchemaGrammar::array(const Node& node) {
    const Id comma = g_.literal(", ");
    const Id item =
        node.items == Schema::kNone ? any_value() : rule_for(node.items, Schema::kAnyType);
    const auto n_prefix = static_cast<uint32_t>(node.prefix_items.size());
    const auto less = [](uint32_t from, uint32_t by) {
        return from == kNoMax ? kNoMax : from > by ? from - by : 0;
    };
    Id rest = 0;  // what follows the first n_prefix items
    if (n_prefix > 0) {
        rest = node.max_items < n_prefix
                   ? g_.empty()
                   : g_.repeat(g_.sequence({comma, item}), less(node.min_items, n_prefix),
                               less(node.max_items, n_prefix));
    } else if (node.max_items == 0) {
        rest = node.min_items == 0 ? g_.empty() : g_.nothing();
    } else {
        rest = g_.sequence({item, g_.repeat(g_.sequence({comma, item}), less(node.min_items, 1),
                                            less(node.max_items, 1))});
        if (node.min_items == 0) rest = g_.optional(rest);
    }
    for (uint32_t i = n_prefix; i-- > 0;) {
        if (i >= node.max_items) {
            rest = node.min_items > i ? g_.nothing() : g_.empty();
            continue;
        }
        const Id own = rule_for(node.prefix_items[i], Schema::kAnyType);
        rest = i == 0 ? g_.sequence({own, rest}) : g_.sequence({comma, own, rest});
        if (i >= node.min_items) rest = g_.optional(rest);
    }
    return g_.sequence({g_.literal("["), rest, g_.literal("]")});
}

// Two chains of rules over the properties: while nothing is written yet, and with a comma before.
Grammar::Id SchemaGrammar::object(const Node& node) {
    const Id comma = g_.literal(", ");
    Id first = g_.empty();
    Id later = g_.empty();
    // A map: names of the host's choosing, where there are no properties to keep apart from them.
    const bool map = node.properties.empty() && node.additional != Schema::kNone &&
                     !schema_.node(node.additional).never;
    if (map ||
        (!node.properties_given && node.properties.empty() && node.additional == Schema::kNone)) {
        const Id value = map ? rule_for(node.additional, Schema::kAnyType) : any_value();
        const Id entry = g_.sequence({plain_string(0, kNoMax), g_.literal(": "), value});
        first =
            g_.optional(g_.sequence({entry, g_.repeat(g_.sequence({comma, entry}), 0, kNoMax)}));
    }
    for (size_t i = node.properties.size(); i-- > 0;) {
        const Schema::Property& property = node.properties[i];
        const Schema::Id id = property.schema != Schema::kNone ? property.schema : node.additional;
        const Id value = id == Schema::kNone ? any_value() : rule_for(id, Schema::kAnyType);
        const Id entry = named(node.path + "/" + property.name,
                               g_.sequence({g_.literal(Json(property.name).dump() + ": "), value}));
        const Id then = named(node.path, later);
        const Id with = g_.sequence({entry, then});
        const Id with_comma = g_.sequence({comma, entry, then});
        first = property.required ? with : g_.choice({with, first});
        later = property.required ? with_comma : g_.choice({with_comma, then});
    }
    return g_.sequence({g_.literal("{"), first, g_.literal("}")});
}

Result<Grammar::Id> SchemaGrammar::typed(const Node& node, uint32_t types) {
    std::vector<Id> choices;
    if ((types & Schema::kObject) != 0) choices.push_back(object(node));
    if ((types & Schema::kArray) != 0) choices.push_back(array(node));
    if ((types & Schema::kString) != 0) {
        ALV_ASSIGN_OR_RETURN(const Id id, string(node));
        choices.push_back(id);
    }
    if ((types & (Schema::kInteger | Schema::kFraction)) != 0)
        choices.push_back(number(node, types));
    if ((types & Schema::kBoolean) != 0) {
        choices.push_back(g_.literal("true"));
        choices.push_back(g_.literal("false"));
    }
    if ((types & Schema::kNull) != 0) choices.push_back(g_.literal("null"));
    return g_.choice(choices);
}

// Of the values listed, those that all else in the schema allows.
Result<Grammar::Id> SchemaGrammar::values(const Task& task, const Node& node) {
    std::vector<std::string> texts;
    for (const Json& value : node.values) {
        if ((type_of(value) & task.types) == 0) continue;
        const Status status = validate_rest(schema_, task.node, value);
        if (status.code() == Code::kLimitExceeded) return status;
        if (!status.ok()) continue;
        texts.push_back(in_style(value));
    }
    return g_.one_of(std::move(texts));
}

Result<Grammar::Id> SchemaGrammar::body(const Task& task) {
    static const Node kAny;
    const Node& node = task.node == Schema::kNone ? kAny : schema_.node(task.node);
    const uint32_t types = node.types & task.types;
    if (node.never) return g_.nothing();
    if (node.has_values) return values(task, node);
    if (node.ref != Schema::kNone) return rule_for(node.ref, types);
    if (node.any_of_given) {
        std::vector<Id> choices;
        for (const Schema::Id branch : node.any_of) choices.push_back(rule_for(branch, types));
        return g_.choice(choices);
    }
    return typed(node, types);
}

Result<Grammar::Id> SchemaGrammar::run() {
    const Id root = rule_for(0, Schema::kAnyType);
    while (!todo_.empty()) {
        const Task task = todo_.back();
        todo_.pop_back();
        ALV_ASSIGN_OR_RETURN(const Id id, body(task));
        g_.define(task.rule, id);
    }
    return root;
}

// As documents are written: ", " and ": ".
template <typename AnyJson>
std::string styled(const AnyJson& value) {
    if (value.is_object() || value.is_array()) {
        const bool object = value.is_object();
        std::string out(object ? "{" : "[");
        for (auto it = value.begin(); it != value.end(); ++it) {
            if (it != value.begin()) out += ", ";
            if (object) out += AnyJson(it.key()).dump() + ": ";
            out += styled(*it);
        }
        return out += object ? "}" : "]";
    }
    return value.dump(-1, ' ', false, AnyJson::error_handler_t::replace);
}

}  // namespace

std::string in_style(const Json& value) {
    return styled(value);
}

std::string in_style(const nlohmann::ordered_json& value) {
    return styled(value);
}

Result<Grammar::Id> add_schema(Grammar& grammar, const Schema& schema) {
    return SchemaGrammar(grammar, schema).run();
}

}  // namespace alv::schema
