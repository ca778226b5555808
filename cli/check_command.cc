// tally check: does a build depend on anything but its inputs? It builds twice,
// as a process of its own each time, with all around it changed, and compares
// every byte.

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/check_places.h"
#include "cli/commands.h"
#include "cli/compare_images.h"
#include "cli/inputs.h"
#include "common/process.h"
#include "common/text.h"
#include "release/release.h"

namespace tally {
namespace {

// "nobody" of every Linux: an id that owns nothing.
constexpr uint32_t kOtherUid = 65534;
// 2001-09-09 01:46:40 UTC.
constexpr char kOtherClock[] = "@2001-09-09 01:46:40";
constexpr char kOtherClockYear[] = "2001-";

// Condition is one thing that the two builds do not have in common.
struct Condition {
  std::string name;
  std::string first;
  std::string second;
  std::string not_changed;  // why both have the same; empty: they differ
};

struct Run {
  Tool tool;
  fs::path release;
};

struct Plan {
  Run first;
  Run second;
  std::vector<Condition> conditions;
};

Tool BuildTool(const fs::path& program, const fs::path& manifest,
               const fs::path& store, const fs::path& release,
               unsigned num_threads) {
  return {
      .program = program,
      .args = {"build", manifest.string(), "-o", release.string(), "--store",
               store.string(), "-j", std::to_string(num_threads)}};
}

// ChangeUser lets the second build run as nobody, where we may and it can.
Status ChangeUser(const Store& store, const fs::path& directory, Plan* plan) {
  Condition user{.name = "user",
                 .first = std::to_string(getuid()),
                 .second = std::to_string(kOtherUid)};
  if (getuid() != 0) {
    user.not_changed = "only root can change it";
  } else if (!IsOpenTo(store.path() / "sha256", kOtherUid)) {
    user.not_changed =
        "others may not read the store " + Quote(store.path().string());
  } else if (!IsOpenTo(directory.parent_path(), kOtherUid)) {
    user.not_changed =
        "others may not read " + Quote(directory.parent_path().string());
  } else {
    TALLY_TRY(GiveTo(directory, kOtherUid));
    plan->second.tool.args.insert(plan->second.tool.args.end(),
                                  {"--uid", user.second});
  }
  plan->conditions.push_back(std::move(user));
  return Ok();
}

// FakeClockLibrary returns libfaketime, wherever this machine has it.
std::optional<fs::path> FakeClockLibrary() {
  for (const char* folder :
       {"/usr/lib/x86_64-linux-gnu/faketime",
        "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime",
        "/usr/local/lib/faketime", "/usr/lib64/faketime"}) {
    for (const char* name : {"libfaketimeMT.so.1", "libfaketime.so.1"}) {
      const fs::path path = fs::path(folder) / name;
      if (!IsAbsent(path)) return path;
    }
  }
  return std::nullopt;
}

// ChangeClock sets the second build's clock through libfaketime, if the program
// runs with it at all.
void ChangeClock(Plan* plan) {
  Condition clock{.name = "clock", .first = "now", .second = kOtherClock};
  const std::optional<fs::path> library = FakeClockLibrary();
  if (!library) {
    clock.not_changed = "libfaketime is not installed";
  } else {
    std::map<std::string, std::string> env = plan->second.tool.env;
    env["LD_PRELOAD"] = library->string();
    env["FAKETIME"] = kOtherClock;
    // Waiting for threads is by the monotonic clock.
    env["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
    // A program with an allocator of its own may wait for itself.
    constexpr unsigned kMaxProbeSeconds = 10;
    const Result<ToolOutput> probe =
        RunTool({.program = plan->second.tool.program,
                 .args = {"--version"},
                 .env = env,
                 .max_seconds = kMaxProbeSeconds});
    if (probe && probe->exit_status == 0 && probe->stderr_text.empty()) {
      plan->second.tool.env = std::move(env);
    } else {
      clock.not_changed = "the program does not run with libfaketime";
    }
  }
  plan->conditions.push_back(std::move(clock));
}

// MakePlan says how the two builds are made. Both have a directory each below
// `work`.
Result<Plan> MakePlan(const CheckFlags& flags, const Inputs& inputs,
                      const Store& store, const fs::path& work) {
  const fs::path one = work / "first";
  const fs::path two = work / "second";
  const fs::path deep = two / "some/deeper/directory";
  TALLY_TRY(CreateDirectories(one));
  TALLY_TRY(CreateDirectories(deep));
  TALLY_ASSIGN(const fs::path manifest, CopyProject(inputs, two / "project"));
  TALLY_ASSIGN(const fs::path other_store, OtherStore(store, two / "store"));
  const unsigned num_threads = std::max(2u, Threads(flags.num_threads));
  const fs::path program =
      flags.program.empty() ? fs::path("/proc/self/exe") : flags.program;
  std::error_code error;
  const fs::path found = fs::canonical(program, error);
  if (error) return ErrnoError("cannot find the program", error.value());

  Plan plan;
  plan.first.release = one / "release";
  plan.first.tool = BuildTool(found, fs::absolute(inputs.manifest.path, error),
                              store.path(), plan.first.release, 1);
  plan.first.tool.env = {{"HOME", one.string()},
                         {"TMPDIR", one.string()},
                         {"LC_ALL", "C"},
                         {"TZ", "UTC"}};
  plan.second.release = two / "release";
  plan.second.tool =
      BuildTool(found, manifest, other_store, plan.second.release, num_threads);
  plan.second.tool.cwd = deep;
  plan.second.tool.env = {
      {"HOME", deep.string()},   {"TMPDIR", two.string()},
      {"LC_ALL", "tr_TR.UTF-8"}, {"LANG", "ar_EG.UTF-8"},
      {"TZ", "XXX-14YYY"},       {"SOURCE_DATE_EPOCH", "1"}};
  plan.first.tool.args.insert(plan.first.tool.args.end(), {"--umask", "0022"});
  plan.second.tool.args.insert(plan.second.tool.args.end(),
                               {"--umask", "0077", "--reverse-inputs"});
  plan.conditions = {
      {.name = "working directory", .first = "/", .second = deep.string()},
      {.name = "manifest",
       .first = inputs.manifest.path.string(),
       .second = manifest.string()},
      {.name = "store",
       .first = store.path().string(),
       .second = other_store.string()},
      {.name = "unpacked packages",
       .first = "from the cache if it has them",
       .second = "unpacked anew"},
      {.name = "output",
       .first = plan.first.release.string(),
       .second = plan.second.release.string()},
      {.name = "HOME, TMPDIR", .first = one.string(), .second = two.string()},
      {.name = "umask", .first = "0022", .second = "0077"},
      {.name = "locale", .first = "C", .second = "tr_TR.UTF-8"},
      {.name = "time zone", .first = "UTC", .second = "14 hours east"},
      {.name = "threads", .first = "1", .second = std::to_string(num_threads)},
      {.name = "order of inputs", .first = "as locked", .second = "reversed"}};
  TALLY_TRY(ChangeUser(store, two, &plan));
  ChangeClock(&plan);
  return plan;
}

Status RunOne(const Run& run) {
  TALLY_ASSIGN(const ToolOutput output, RunTool(run.tool));
  return RequireSuccess(run.tool, output);
}

// ConfirmClock looks at what the second build took for the time: a program
// that is linked statically does not see libfaketime.
Status ConfirmClock(const Run& run, Condition* clock) {
  if (!clock->not_changed.empty()) return Ok();
  TALLY_ASSIGN(const std::string text,
               ReadTextFile(run.release / kRunJson, 1 << 20));
  TALLY_ASSIGN(const Json record, ParseJson(text));
  const Json* finished = record.Find("finished");
  if (finished == nullptr || finished->text() == nullptr ||
      !finished->text()->starts_with(kOtherClockYear)) {
    clock->not_changed = "libfaketime has no effect on the program";
  }
  return Ok();
}

// ComparisonResult is what is not equal, by cause.
struct ComparisonResult {
  std::vector<std::string> files;  // that differ or are on one side only
  std::string reason;              // the first difference, in words
  size_t num_files = 0;
};

Result<ComparisonResult> CompareReleases(const fs::path& first,
                                         const fs::path& second) {
  TALLY_ASSIGN(const std::vector<std::string> in_first, ListFiles(first));
  TALLY_ASSIGN(const std::vector<std::string> in_second, ListFiles(second));
  std::vector<std::string> names;
  std::ranges::set_union(in_first, in_second, std::back_inserter(names));
  std::erase_if(names, IsVolatile);
  std::ranges::stable_sort(names, {}, CauseRank);

  ComparisonResult result{.num_files = names.size()};
  for (const std::string& name : names) {
    std::string reason;
    if (!std::ranges::binary_search(in_first, name) ||
        !std::ranges::binary_search(in_second, name)) {
      reason = Quote(name) + " is in one of the releases only";
    } else {
      TALLY_ASSIGN(const MappedFile a, MappedFile::Open(first / name));
      TALLY_ASSIGN(const MappedFile b, MappedFile::Open(second / name));
      const auto found = FindDifference(name, a.bytes(), b.bytes());
      if (found) reason = found->ToString();
    }
    if (reason.empty()) continue;
    if (result.files.empty()) result.reason = reason;
    result.files.push_back(name);
  }
  return result;
}

std::string ConditionsText(const std::vector<Condition>& conditions) {
  std::string text;
  for (const Condition& condition : conditions) {
    text += condition.name + ": ";
    if (condition.not_changed.empty()) {
      text += condition.first + ", then " + condition.second + "\n";
    } else {
      text += "not changed, " + condition.not_changed + "\n";
    }
  }
  return text;
}

Json ConditionsJson(const std::vector<Condition>& conditions) {
  Json::Array records;
  for (const Condition& condition : conditions) {
    const bool changed = condition.not_changed.empty();
    records.push_back(Json::Object{
        {"condition", condition.name},
        {"changed", changed},
        {"first", PathJson(condition.first)},
        {"second", PathJson(changed ? condition.second : condition.first)},
        {"note", PathJson(condition.not_changed)}});
  }
  return records;
}

Status AnswerComparison(const Plan& plan, const ComparisonResult& result,
                        Console& console) {
  const bool same = result.files.empty();
  Json::Array files;
  for (const std::string& name : result.files) files.push_back(PathJson(name));
  std::string text = ConditionsText(plan.conditions);
  if (same) {
    text += "same: " + std::to_string(result.num_files) + " files\n";
  } else {
    for (const std::string& name : result.files) {
      text += "different: " + name + "\n";
    }
  }
  console.Answer(text,
                 Json::Object{{"result", same ? "same" : "different"},
                              {"files", uint64_t{result.num_files}},
                              {"different", std::move(files)},
                              {"reason", PathJson(result.reason)},
                              {"conditions", ConditionsJson(plan.conditions)}});
  if (same) return Ok();
  return MismatchError("two builds of the same inputs differ: " +
                       result.reason);
}

// Workplace is where both builds go: for a while, or to stay for a look.
Result<fs::path> Workplace(const CheckFlags& flags,
                           std::optional<TemporaryDirectory>* temporary) {
  std::error_code error;
  if (flags.keep.empty()) {
    TALLY_ASSIGN(*temporary, TemporaryDirectory::Create());
    // Another user builds in there.
    fs::permissions((*temporary)->path(), fs::perms(0755), error);
    return (*temporary)->path();
  }
  const fs::path keep = fs::absolute(flags.keep, error).lexically_normal();
  if (!IsAbsent(keep)) {
    return UsageError(Quote(flags.keep.string()) +
                      " exists, expected a new name");
  }
  TALLY_TRY(CreateDirectories(keep));
  return keep;
}

}  // namespace

Status RunCheck(const CheckFlags& flags, Console& console) {
  if (IsDirectory(flags.manifest)) {
    return UsageError(Quote(flags.manifest.string()) +
                      " is a directory, expected a manifest")
        .Hint("a release is checked by: tally rebuild " +
              flags.manifest.string());
  }
  TALLY_ASSIGN(const Inputs inputs, LoadInputs(flags.manifest));
  TALLY_ASSIGN(const Store store, OpenStore(flags.store));
  TALLY_TRY(RequireStored(inputs.lock, store, inputs.manifest.path));

  std::optional<TemporaryDirectory> temporary;
  TALLY_ASSIGN(const fs::path work, Workplace(flags, &temporary));
  TALLY_ASSIGN(Plan plan, MakePlan(flags, inputs, store, work));
  console.Detail("first build: " + ShellQuoted(plan.first.tool));
  TALLY_TRY(RunOne(plan.first));
  console.Detail("second build: " + ShellQuoted(plan.second.tool));
  TALLY_TRY(RunOne(plan.second));
  TALLY_TRY(ConfirmClock(plan.second, &plan.conditions.back()));
  TALLY_ASSIGN(const ComparisonResult result,
               CompareReleases(plan.first.release, plan.second.release));
  return AnswerComparison(plan, result, console);
}

}  // namespace tally
