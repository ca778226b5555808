// Console: the only place that prints.
//
// stdout carries the answer and nothing else; stderr carries
// "tally: error|warning|hint:" lines and, on a terminal, progress.
#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include "builder/fetch.h"
#include "common/json.h"
#include "common/json_writer.h"
#include "common/result.h"

namespace tally {

enum class OutputForm { kText, kJson };
enum class Verbosity { kNormal, kVerbose };

// PathJson returns a path for a record: as it is if it is UTF-8, else quoted
// with \xNN.
Json PathJson(const fs::path& path);

class Console {
 public:
  Console(std::FILE* out, std::FILE* err) : out_(out), err_(err) {}

  void set_form(OutputForm form) { form_ = form; }
  OutputForm form() const { return form_; }
  void set_verbosity(Verbosity verbosity) { verbosity_ = verbosity; }

  // Answer prints `record` if --json was given, else `text` (whole lines).
  void Answer(std::string_view text, const Json& record);
  // StreamAnswer is Answer for what would be too long to be held: calls the
  // writer of the form that is wanted.
  void StreamAnswer(const std::function<void(const TextSink&)>& write_text,
                    const std::function<void(JsonWriter&)>& write_record);
  // Text prints without a JSON form, for --help and --version.
  void Text(std::string_view text);

  void Report(const Error& error);
  void Warn(std::string_view warning);
  void Hint(std::string_view hint);
  // Detail prints with -v only.
  void Detail(std::string_view text);

  // Flush is an IoError if any of the answer could not be written.
  Status Flush();

 private:
  void Line(std::string_view kind, std::string_view text);

  std::FILE* out_;
  std::FILE* err_;
  OutputForm form_ = OutputForm::kText;
  Verbosity verbosity_ = Verbosity::kNormal;
};

// Answered gives the answer "no" as a record too, if records are wanted, and
// returns the error that makes the exit status. An error that is not a mismatch
// is not an answer.
Status Answered(const Error& error, std::string_view result, Console& console);

// TerminalProgress shows a fetch on stderr: a moving line on a terminal, only
// the notes elsewhere.
class TerminalProgress : public FetchProgress {
 public:
  explicit TerminalProgress(Console* console);
  ~TerminalProgress() override;
  void Update(const FetchState& state) override;
  void Note(const std::string& text) override;

 private:
  void ClearLine();

  Console* console_;
  bool is_terminal_;
  bool has_line_ = false;
};

}  // namespace tally
