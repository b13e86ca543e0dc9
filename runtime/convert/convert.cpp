#include "convert/convert.h"

#include <filesystem>
#include <fstream>

#include "convert/bert.h"

namespace alv::convert {

namespace {

std::filesystem::path to_path(const std::string& utf8) {
    return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}

}  // namespace

Status convert(const ModelFolder& folder, Precision precision, const gguf::Sink& sink) {
    ALV_ASSIGN_OR_RETURN(const Json config, folder.json("config.json"));
    const auto type = config.find("model_type");
    if (type == config.end() || !type->is_string()) {
        return corrupt_file("config.json: model_type is missing");
    }
    if (*type != "bert") {
        return unsupported("config.json: a model of type \"" + type->get<std::string>() +
                           "\" cannot be converted; \"bert\" can");
    }
    ALV_ASSIGN_OR_RETURN(std::shared_ptr<const File> file, folder.open(folder.weights));
    ALV_ASSIGN_OR_RETURN(Safetensors weights, Safetensors::open(std::move(file)));
    gguf::Writer writer;
    ALV_RETURN_IF_ERROR(convert_bert(folder, config,
                                     std::make_shared<const Safetensors>(std::move(weights)),
                                     precision, writer));
    return writer.write(sink);
}

Status convert(const std::string& input, const std::string& output, Precision precision) {
    const ModelFolder folder = open_folder(input);
    const std::filesystem::path path = to_path(output);
    std::filesystem::path beside = path;
    beside += ".part";
    std::error_code failed;
    Status status;
    {
        std::ofstream file(beside, std::ios::binary | std::ios::trunc);
        if (!file) return io_error("cannot write " + output);
        status = convert(folder, precision, [&](std::span<const uint8_t> bytes) -> Status {
            file.write(reinterpret_cast<const char*>(bytes.data()),
                       static_cast<std::streamsize>(bytes.size()));
            return file ? ok_status() : io_error("cannot write " + output + ": is the disk full?");
        });
        file.flush();
        if (status.ok() && !file) status = io_error("cannot write " + output);
    }
    if (status.ok()) {
        std::filesystem::rename(beside, path, failed);
        if (!failed) return ok_status();
        status = io_error("cannot replace " + output + ": " + failed.message());
    }
    std::filesystem::remove(beside, failed);
    return status;
}

}  // namespace alv::convert
