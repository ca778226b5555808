#include "cli/app_usage.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

constexpr char kHelp[] = R"(usage: tally <command> [options]

  lock      MANIFEST                 resolve names to exact files; write lock.yaml beside it
  fetch     MANIFEST|RELEASE         bring every locked file into the store
  build     MANIFEST -o DIR          build the release
  rebuild   RELEASE                  rebuild a release from its own manifest and lock, and compare
  check     MANIFEST                 build twice under different conditions and compare every byte
  bundle    export|import            everything a build needs in one file, for a machine without network
  store     list|verify|gc           see, check and clean up the content store
  measure   PLATFORM [inputs]        print the measurements hardware will report, for any files
  eventlog  LOG [--replay]|diff      what a machine's event log says; where it parts from a release
  why       PLATFORM --expected HEX  say which input explains an unexpected measurement
  igvm      build [inputs] -o FILE   make the IGVM file of an SEV-SNP guest
  id-block  create|verify|attach|...   the owner's signed statement about an SEV-SNP guest
  keygen    KEY.pem                  make a signing key
  sign      RELEASE --key KEY        sign a release
  match     EVIDENCE RELEASE         say which published value a running service attests
  evidence  inspect|verify EVIDENCE  every field of a report or quote; whether it is authentic
  index     DIR... -o FILE           find releases by the values that they publish
  verify    RELEASE --key PUB        recompute every digest and measurement, check the signature

  tally <command> --help shows the options of a command.

  --json      records instead of text
  -v          details and timings on stderr

exit status: 0 yes · 1 no (different, not verified) · 2 usage · 3 bad input · 4 system or tool failure

example:
  tally build manifests/images/minimal-cvm/manifest.yaml -o out/minimal-cvm
)";

constexpr char kCommonOptions[] = R"(As for all commands:
  --json                      records instead of text
  -v,--verbose                details and timings on stderr
)";

// NamedCommand is a command with the names that lead to it: "tally measure
// snp".
struct NamedCommand {
  const CLI::App* app = nullptr;
  std::string name = "tally";
};

// Innermost returns the innermost command that was parsed.
NamedCommand Innermost(const CLI::App& tally) {
  NamedCommand at{.app = &tally};
  while (!at.app->get_subcommands().empty()) {
    at.app = at.app->get_subcommands().front();
    at.name += " " + at.app->get_name();
  }
  return at;
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
  }
  return names;
}

std::string DidYouMean(const std::string& word,
                       const std::vector<std::string>& names) {
  const auto nearest = NearestName(word, names);
  return nearest ? ", did you mean '" + *nearest + "'?" : "";
}

Error Failure(const std::string& message, const std::string& command) {
  const bool is_whole = command == "tally";
  return UsageError(message).Hint(
      command + " --help " +
      (is_whole ? "lists the commands" : "says what it takes"));
}

}  // namespace

std::string HelpText(const CLI::App& tally) {
  const NamedCommand innermost = Innermost(tally);
  if (innermost.app == &tally) return kHelp;
  // help() adds the last name itself.
  const std::string above = innermost.name.substr(0, innermost.name.rfind(' '));
  return innermost.app->help(above) + kCommonOptions;
}

Error UsageFailure(const CLI::App& tally, const std::string& what,
                   const std::vector<std::string>& args) {
  NamedCommand at{.app = &tally};
  auto from = args.begin();
  for (;;) {
    const std::vector<std::string> names = CommandNames(*at.app);
    if (names.empty()) break;
    const auto word = std::find_if(from, args.end(), IsWord);
    const bool is_named =
        word != args.end() && std::ranges::find(names, *word) != names.end();
    // `eventlog` takes a file, or a command.
    const bool needs_one =
        at.app == &tally || at.app->get_require_subcommand_min() > 0;
    if (!is_named && !needs_one) break;
    if (word == args.end()) {
      if (at.app == &tally) break;
      return Failure(at.name + " needs one of " + Join(names, ", "), at.name);
    }
    if (!is_named) {
      return Failure("unknown command " + Quote(*word) +
                         (at.app == &tally ? "" : " of " + at.name) +
                         DidYouMean(*word, names),
                     at.name);
    }
    at.app = at.app->get_subcommand(*word);
    at.name += " " + *word;
    from = word + 1;
  }
  return Failure(std::string(Trim(what)), at.name);
}

Error UnexpectedArgument(const CLI::App& tally,
                         const std::vector<std::string>& args) {
  const std::vector<std::string> extras = tally.remaining(true);
  const auto first = std::ranges::find_if(args, [&](const std::string& arg) {
    return std::ranges::find(extras, arg) != extras.end();
  });
  std::string what = "unexpected argument";
  if (first != args.end()) {
    std::vector<std::string> names;
    for (const CLI::Option* option : Innermost(tally).app->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        names.push_back("--" + name);
      }
    }
    what += " " + Quote(*first) + DidYouMean(*first, names);
  }
  return UsageFailure(tally, what, args);
}

std::optional<std::string> FindEmptyValue(const CLI::App& tally) {
  const auto find = [](const CLI::App& app) -> std::optional<std::string> {
    for (const CLI::Option* option : app.get_options()) {
      if (option->check_lname("append") || option->check_lname("cmdline")) {
        continue;
      }
      const std::vector<std::string> values = option->results();
      if (std::ranges::find(values, "") == values.end()) continue;
      const std::vector<std::string> names = option->get_lnames();
      return names.empty() ? option->get_name() : "--" + names.front();
    }
    return std::nullopt;
  };
  const CLI::App* at = &tally;
  std::optional<std::string> found = find(*at);
  while (!found && !at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    found = find(*at);
  }
  return found;
}

}  // namespace tally
