#include "schema/branches.h"

#include <algorithm>

namespace alv::schema {
namespace {

using Node = Schema::Node;

constexpr int kMaxLook = 8;  // how deep properties of properties are compared

bool numbers_disjoint(const Node& a, const Node& b) {
    const auto below = [](const Node& x, const Node& y) {
        if (!x.high || !y.low) return false;
        const auto high = x.high->value.get<double>();
        const auto low = y.low->value.get<double>();
        return high < low || (high == low && (x.high->exclusive || y.low->exclusive));
    };
    return below(a, b) || below(b, a);
}

bool disjoint(const Schema& schema, Schema::Id first, Schema::Id second, int depth);

bool objects_disjoint(const Schema& schema, const Node& a, const Node& b, int depth) {
    for (const Schema::Property& p : a.properties) {
        for (const Schema::Property& q : b.properties) {
            const bool shared = p.name == q.name && p.required && q.required;
            if (shared && p.schema != Schema::kNone && q.schema != Schema::kNone &&
                disjoint(schema, p.schema, q.schema, depth + 1)) {
                return true;
            }
        }
    }
    return false;
}

bool disjoint(const Schema& schema, Schema::Id first, Schema::Id second, int depth) {
    const Schema::Id a_id = resolve(schema, first);
    const Schema::Id b_id = resolve(schema, second);
    if (depth > kMaxLook || a_id == b_id) return false;
    const Node& a = schema.node(a_id);
    const Node& b = schema.node(b_id);
    if (a.never || b.never) return true;
    const uint32_t both = a.types & b.types;
    if (both == 0) return true;
    if (a.any_of_given || b.any_of_given) {
        const Node& split = a.any_of_given ? a : b;
        const Schema::Id other = a.any_of_given ? b_id : a_id;
        return std::all_of(split.any_of.begin(), split.any_of.end(), [&](Schema::Id branch) {
            return disjoint(schema, branch, other, depth + 1);
        });
    }
    if (a.has_values || b.has_values) {
        const Node& listed = a.has_values ? a : b;
        const Schema::Id other = a.has_values ? b_id : a_id;
        return std::none_of(listed.values.begin(), listed.values.end(),
                            [&](const Json& value) { return validate(schema, other, value).ok(); });
    }
    if ((both & ~(Schema::kInteger | Schema::kFraction)) == 0) return numbers_disjoint(a, b);
    return both == Schema::kObject && objects_disjoint(schema, a, b, depth);
}

}  // namespace

Schema::Id resolve(const Schema& schema, Schema::Id id) {
    for (size_t i = 0; i < schema.size(); ++i) {
        if (schema.node(id).ref == Schema::kNone) return id;
        id = schema.node(id).ref;
    }
    return Schema::kNone;
}

bool are_disjoint(const Schema& schema, Schema::Id a, Schema::Id b) {
    return disjoint(schema, a, b, 0);
}

}  // namespace alv::schema
