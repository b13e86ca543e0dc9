// alviss: the command-line tool, on the public C ABI alone.
#include <cstdio>
#include <exception>

#include "common.h"
#include "terminal.h"

int main(int argc, char** argv) {
    CLI::App app("Language models on any GPU with Vulkan.", "alviss");
    app.set_version_flag("--version", [] { return std::string("alviss ") + alv_version(); });
    app.require_subcommand(1);
    tool::add_chat(app);
    tool::add_generate(app);
    tool::add_tokenize(app);
    tool::add_ingest(app);
    tool::add_search(app);
    tool::add_inspect(app);
    tool::add_devices(app);
    tool::add_doctor(app);
    tool::add_embed(app);
    tool::add_convert(app);
    tool::add_bench(app);

    auto arguments = tool::utf8_arguments(argc, argv);
    if (!arguments.empty()) arguments.erase(arguments.begin());
    // CLI11 takes them last first.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        app.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const std::exception& error) {
        std::fflush(stdout);
        tool::tell(std::string("alviss: ") + error.what());
        return 1;
    }
    return 0;
}
