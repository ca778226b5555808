#include "cli/console.h"

#include <unistd.h>

#include "common/text.h"

namespace tally {
namespace {

void Write(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
}

}  // namespace

Json PathJson(const fs::path& path) {
  return IsUtf8(path.string()) ? path.string() : Quote(path.string());
}

void Console::Answer(std::string_view text, const Json& record) {
  StreamAnswer([&](const TextSink& sink) { sink(text); },
               [&](JsonWriter& writer) { writer.Value(record); });
}

void Console::StreamAnswer(
    const std::function<void(const TextSink&)>& write_text,
    const std::function<void(JsonWriter&)>& write_record) {
  const TextSink out = [this](std::string_view piece) { Write(out_, piece); };
  if (form_ != OutputForm::kJson) return write_text(out);
  JsonWriter writer(JsonLayout::kPretty, out);
  write_record(writer);
  writer.Finish();
}

void Console::Text(std::string_view text) { Write(out_, text); }

void Console::Report(const Error& error) {
  Line("error", error.ToString());
  for (const std::string& hint : error.hints()) Hint(hint);
}

void Console::Warn(std::string_view warning) { Line("warning", warning); }

void Console::Hint(std::string_view hint) { Line("hint", hint); }

void Console::Detail(std::string_view text) {
  if (verbosity_ != Verbosity::kVerbose) return;
  Write(err_, text);
  Write(err_, "\n");
}

Status Console::Flush() {
  if (std::fflush(out_) == 0 && std::ferror(out_) == 0) return Ok();
  return IoError("cannot write to stdout");
}

void Console::Line(std::string_view kind, std::string_view text) {
  Write(err_, "tally: ");
  Write(err_, kind);
  Write(err_, ": ");
  Write(err_, text);
  Write(err_, "\n");
}

Status Answered(const Error& error, std::string_view result, Console& console) {
  if (error.code() == ErrorCode::kMismatch) {
    console.Answer(
        "", Json::Object{{"result", result}, {"reason", error.ToString()}});
  }
  return error;
}

TerminalProgress::TerminalProgress(Console* console)
    : console_(console), is_terminal_(isatty(STDERR_FILENO) == 1) {}

TerminalProgress::~TerminalProgress() { ClearLine(); }

void TerminalProgress::Update(const FetchState& state) {
  if (!is_terminal_) return;
  const std::string line =
      "\r\033[Kfetching " + std::to_string(state.num_items_done) + " of " +
      std::to_string(state.num_items) + " files, " +
      FormatBytes(state.done_bytes) + " of " + FormatBytes(state.total_bytes);
  Write(stderr, line);
  std::fflush(stderr);
  has_line_ = true;
}

void TerminalProgress::Note(const std::string& text) {
  ClearLine();
  console_->Warn(text);
}

void TerminalProgress::ClearLine() {
  if (has_line_) Write(stderr, "\r\033[K");
  has_line_ = false;
}

}  // namespace tally
