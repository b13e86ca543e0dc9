#include "knowledge/filter.h"

#include "base/json.h"

namespace alv::knowledge {
namespace {

using Json = OrderedJson;

constexpr uint32_t kMaxJsonDepth = 64;
constexpr size_t kMaxBytes = 65536;
constexpr int kMaxDepth = 8;
constexpr size_t kMaxValues = 512;

Status wrong(const std::string& what) {
    return invalid_argument("filter: " + what);
}

const char* comparison(std::string_view op) {
    if (op == "$gt") return ">";
    if (op == "$gte") return ">=";
    if (op == "$lt") return "<";
    if (op == "$lte") return "<=";
    return nullptr;
}

class Compiler {
  public:
    Filter take() { return std::move(out_); }

    Status object(const Json& json, int depth) {
        if (depth > kMaxDepth) return limit_exceeded("filter: more than 8 levels");
        if (!json.is_object()) return wrong("a JSON object is needed");
        out_.sql += '(';
        bool first = true;
        for (const auto& [key, value] : json.items()) {
            if (!first) out_.sql += " AND ";
            first = false;
            if (key == "$and" || key == "$or") {
                ALV_RETURN_IF_ERROR(list(value, key == "$and" ? " AND " : " OR ", depth));
            } else if (key == "$not") {
                out_.sql += "NOT ";
                ALV_RETURN_IF_ERROR(object(value, depth + 1));
            } else {
                ALV_RETURN_IF_ERROR(field(key, value));
            }
        }
        if (first) out_.sql += '1';
        out_.sql += ')';
        return ok_status();
    }

  private:
    Status list(const Json& json, const char* between, int depth) {
        if (!json.is_array() || json.empty()) {
            return wrong("$and and $or take a list of at least one object");
        }
        out_.sql += '(';
        for (size_t i = 0; i < json.size(); ++i) {
            if (i > 0) out_.sql += between;
            ALV_RETURN_IF_ERROR(object(json[i], depth + 1));
        }
        out_.sql += ')';
        return ok_status();
    }

    Status field(const std::string& key, const Json& value) {
        if (key.empty()) return wrong("a field has no name");
        if (key[0] == '$' && key != "$id" && key != "$source") {
            return wrong("there is no operator " + key);
        }
        if (key.find_first_of(std::string_view("\"\\\0", 3)) != std::string::npos) {
            return wrong("the name of a field may not have quotes or backslashes: " + key);
        }
        if (!value.is_object()) return equals(key, value);
        if (value.empty()) return wrong(key + " has no operator");
        bool first = true;
        for (const auto& [op, operand] : value.items()) {
            if (!first) out_.sql += " AND ";
            first = false;
            ALV_RETURN_IF_ERROR(apply(key, op, operand));
        }
        return ok_status();
    }

    Status apply(const std::string& key, const std::string& op, const Json& operand) {
        if (op == "$eq") return equals(key, operand);
        if (op == "$ne") {
            out_.sql += "NOT ";
            return equals(key, operand);
        }
        if (op == "$in" || op == "$nin") {
            if (!operand.is_array()) return wrong(op + " of " + key + " takes a list");
            if (op == "$nin") out_.sql += "NOT ";
            return is_in(key, operand);
        }
        if (op == "$exists") {
            if (!operand.is_boolean()) return wrong("$exists of " + key + " takes true or false");
            out_.sql += '(';
            ALV_RETURN_IF_ERROR(type_of(key));
            out_.sql += operand.get<bool>() ? " IS NOT NULL)" : " IS NULL)";
            return ok_status();
        }
        const char* sign = comparison(op);
        if (!sign) return wrong("there is no operator " + op + " (of " + key + ")");
        if (!operand.is_number() && !operand.is_string()) {
            return wrong(op + " of " + key + " takes a number or a text");
        }
        out_.sql += "coalesce(";
        ALV_RETURN_IF_ERROR(type_of(key));
        out_.sql += operand.is_string() ? " = 'text' AND " : " IN ('integer', 'real') AND ";
        ALV_RETURN_IF_ERROR(extract(key));
        out_.sql += std::string(" ") + sign + " ";
        ALV_RETURN_IF_ERROR(scalar(operand));
        out_.sql += ", 0)";
        return ok_status();
    }

    Status is_in(const std::string& key, const Json& list) {
        out_.sql += "(0";
        for (const bool texts : {true, false}) {
            std::string between;
            for (const Json& one : list) {
                if (texts ? !one.is_string() : !one.is_number()) continue;
                if (between.empty()) {
                    out_.sql += " OR coalesce(";
                    ALV_RETURN_IF_ERROR(type_of(key));
                    out_.sql += texts ? " = 'text' AND " : " IN ('integer', 'real') AND ";
                    ALV_RETURN_IF_ERROR(extract(key));
                    out_.sql += " IN (";
                }
                out_.sql += between;
                between = ", ";
                ALV_RETURN_IF_ERROR(scalar(one));
            }
            if (!between.empty()) out_.sql += "), 0)";
        }
        for (const Json& one : list) {
            if (one.is_string() || one.is_number()) continue;
            out_.sql += " OR ";
            ALV_RETURN_IF_ERROR(equals(key, one));
        }
        out_.sql += ')';
        return ok_status();
    }

    // Never NULL, so that NOT turns it around.
    Status equals(const std::string& key, const Json& value) {
        if (value.is_structured()) return wrong(key + " can equal a single value only");
        out_.sql += "coalesce(";
        ALV_RETURN_IF_ERROR(type_of(key));
        if (value.is_null() || value.is_boolean()) {
            out_.sql += value.is_null()     ? " = 'null'"
                        : value.get<bool>() ? " = 'true'"
                                            : " = 'false'";
        } else {
            out_.sql += value.is_string() ? " = 'text' AND " : " IN ('integer', 'real') AND ";
            ALV_RETURN_IF_ERROR(extract(key));
            out_.sql += " = ";
            ALV_RETURN_IF_ERROR(scalar(value));
        }
        out_.sql += ", 0)";
        return ok_status();
    }

    Status type_of(const std::string& key) {
        if (key[0] == '$') {
            out_.sql += "'text'";
            return ok_status();
        }
        out_.sql += "json_type(c.metadata, ";
        ALV_RETURN_IF_ERROR(value("$.\"" + key + "\""));
        out_.sql += ')';
        return ok_status();
    }
    Status extract(const std::string& key) {
        if (key[0] == '$') {
            out_.sql += key == "$id" ? "d.key" : "d.source";
            return ok_status();
        }
        out_.sql += "json_extract(c.metadata, ";
        ALV_RETURN_IF_ERROR(value("$.\"" + key + "\""));
        out_.sql += ')';
        return ok_status();
    }
    Status scalar(const Json& json) {
        if (json.is_string()) return value(json.get<std::string>());
        if (json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX) {
            return value(json.get<double>());
        }
        if (json.is_number_integer()) return value(json.get<int64_t>());
        return value(json.get<double>());
    }
    Status value(Filter::Value v) {
        if (out_.values.size() >= kMaxValues) return limit_exceeded("filter: more than 512 values");
        out_.values.push_back(std::move(v));
        out_.sql += '?';
        return ok_status();
    }

    Filter out_;
};

}  // namespace

void Filter::bind(Statement& statement, int first) const {
    for (const Value& value : values) {
        std::visit([&](const auto& v) { statement.bind(first, v); }, value);
        ++first;
    }
}

Result<Filter> parse_filter(std::string_view text) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Filter();
    if (text.size() > kMaxBytes) return limit_exceeded("filter: more than 65536 bytes");
    if (json_depth(text) > kMaxJsonDepth) return limit_exceeded("filter: too deep");
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return wrong("it is not JSON");
    Compiler compiler;
    ALV_RETURN_IF_ERROR(compiler.object(json, 1));
    return compiler.take();
}

}  // namespace alv::knowledge
