#include "local/guide_cache.h"

#include <algorithm>

#include "schema/schema.h"

namespace alv::local {
namespace {

constexpr size_t kMaxGrammars = 32;
constexpr size_t kManyStates = 100'000;  // of one grammar: it is compiled afresh then

using schema::Automaton;
using schema::Grammar;
using schema::Schema;
using AutomatonResult = Result<std::shared_ptr<const Automaton>>;

std::vector<std::string_view> call_markers() {
    std::vector<std::string_view> markers;
    for (const ToolSyntax& syntax : tool_syntaxes()) {
        if (!syntax.marker.empty()) markers.push_back(syntax.marker);
    }
    return markers;
}

AutomatonResult compile_constraint(const engine::Constraint& constraint) {
    if (constraint.kind == engine::Constraint::Kind::kGrammar) {
        ALV_ASSIGN_OR_RETURN(const Grammar grammar, Grammar::parse_gbnf(constraint.text));
        return Automaton::compile(grammar);
    }
    ALV_ASSIGN_OR_RETURN(const auto schema, Schema::parse(constraint.text));
    Grammar grammar;
    ALV_ASSIGN_OR_RETURN(const Grammar::Id root, add_schema(grammar, *schema));
    grammar.set_root(root);
    return Automaton::compile(grammar);
}

Result<Grammar::Id> add_call(Grammar& grammar, const ToolSyntax& syntax,
                             const engine::ToolSpec& tool) {
    const Result<std::shared_ptr<const Schema>> schema = Schema::parse(tool.parameters);
    if (!schema.ok()) return schema.status();
    ALV_ASSIGN_OR_RETURN(const Grammar::Id arguments, add_schema(grammar, **schema));
    return grammar.sequence({grammar.literal(syntax.call_open),
                             grammar.literal(syntax.head(tool.name)), arguments,
                             grammar.literal("}"), grammar.literal(syntax.call_close)});
}

AutomatonResult compile_calls(const ToolSyntax& syntax, const engine::ToolUse& use) {
    Grammar grammar;
    std::vector<Grammar::Id> tools;
    for (const engine::ToolSpec& tool : use.tools) {
        if (use.choice == engine::ToolChoice::kNamed && tool.name != use.tool_name) continue;
        const Result<Grammar::Id> call = add_call(grammar, syntax, tool);
        if (!call.ok()) {
            return Status(call.status().code(),
                          "tool '" + tool.name + "': " + call.status().message());
        }
        tools.push_back(*call);
    }
    const Grammar::Id call = grammar.declare("call");
    grammar.define(call, grammar.choice(tools));
    const Grammar::Id more =
        use.parallel && syntax.parallel
            ? grammar.repeat(grammar.sequence({grammar.literal(syntax.between), call}), 0,
                             schema::kNoMax)
            : grammar.empty();
    grammar.set_root(grammar.sequence(
        {grammar.literal(syntax.open), call, more, grammar.literal(syntax.close)}));
    return Automaton::compile(grammar);
}

void append_part(std::string& key, std::string_view part) {
    key += std::to_string(part.size());
    key += ':';
    key += part;
}

std::string key_of(const ToolSyntax& syntax, const engine::ToolUse& use) {
    std::string key = use.parallel ? "calls " : "call ";
    append_part(key, syntax.name);
    for (const engine::ToolSpec& tool : use.tools) {
        if (use.choice == engine::ToolChoice::kNamed && tool.name != use.tool_name) continue;
        append_part(key, tool.name);
        append_part(key, tool.parameters);
    }
    return key;
}

std::string key_of(const engine::Constraint& constraint) {
    return (constraint.kind == engine::Constraint::Kind::kGrammar ? "grammar " : "schema ") +
           constraint.text;
}

// A text that is no call, in a family whose calls are the whole reply.
constexpr const char* kWords = "root ::= [ \\t\\r\\n]* [^ \\t\\r\\n{] .*";

// After a result small models write the call once more; where none may come, it would only be text.
bool answers_in_words(const engine::Request& request, const ToolSyntax& syntax) {
    const std::vector<engine::Message>& messages = request.prompt.messages;
    return !request.tool_use.tools.empty() && !syntax.after_text && !messages.empty() &&
           messages.back().role == "tool" && !request.ignore_end;
}

std::vector<text::TokenId> end_tokens_of(const text::Tokenizer& tokenizer) {
    std::vector<text::TokenId> ends;
    for (text::TokenId token = 0; token < static_cast<text::TokenId>(tokenizer.size()); ++token) {
        if (tokenizer.is_end(token)) ends.push_back(token);
    }
    return ends;
}

}  // namespace

Result<std::shared_ptr<TokenGrammar>> GuideCache::find(std::string key, const Compile& compile) {
    const auto known = std::find_if(grammars_.begin(), grammars_.end(),
                                    [&](const auto& entry) { return entry.first == key; });
    if (known != grammars_.end()) {
        if (known->second->n_states() < kManyStates) {
            grammars_.splice(grammars_.begin(), grammars_, known);
            return known->second;
        }
        grammars_.erase(known);
    }
    ALV_ASSIGN_OR_RETURN(auto automaton, compile());
    if (!trie_) {
        const std::vector<std::string_view> markers = call_markers();
        trie_ = std::make_shared<const TokenTrie>(*text_->tokenizer, markers);
    }
    const std::vector<text::TokenId> ends = end_tokens_of(*text_->tokenizer);
    auto made = std::make_shared<TokenGrammar>(std::move(automaton), trie_, ends);
    grammars_.emplace_front(std::move(key), made);
    if (grammars_.size() > kMaxGrammars) grammars_.pop_back();
    return made;
}

Result<std::unique_ptr<Guide>> GuideCache::make(const engine::Request& request,
                                                const std::shared_ptr<const TextSide>& text) {
    if (text_ != text) {
        clear();
        text_ = text;
    }
    const engine::ToolUse& use = request.tool_use;
    const bool calls = !use.tools.empty() && use.choice != engine::ToolChoice::kNone;
    if (!calls && request.constraint.kind == engine::Constraint::Kind::kNone) {
        if (!answers_in_words(request, *text->tool_syntax)) return std::unique_ptr<Guide>();
        ALV_ASSIGN_OR_RETURN(
            auto grammar, find("words", [] {
                return compile_constraint({engine::Constraint::Kind::kGrammar, kWords});
            }));
        return std::make_unique<Guide>(std::move(grammar));
    }
    if (!calls) {
        ALV_ASSIGN_OR_RETURN(auto grammar, find(key_of(request.constraint), [&] {
                                 return compile_constraint(request.constraint);
                             }));
        return std::make_unique<Guide>(std::move(grammar));
    }
    ALV_RETURN_IF_ERROR(check_tools(use));
    if (request.constraint.kind != engine::Constraint::Kind::kNone) {
        return invalid_argument("a reply is led by tools or by a schema or grammar, not by both");
    }
    const ToolSyntax& syntax = *text->tool_syntax;
    ALV_ASSIGN_OR_RETURN(auto grammar,
                         find(key_of(syntax, use), [&] { return compile_calls(syntax, use); }));
    const bool may_call = use.choice == engine::ToolChoice::kAuto;
    return std::make_unique<Guide>(std::move(grammar), syntax, may_call);
}

void GuideCache::clear() {
    grammars_.clear();
    trie_.reset();
    text_.reset();
}

}  // namespace alv::local
