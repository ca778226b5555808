#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <new>

#include "cli/app_eventlog.h"
#include "cli/app_evidence.h"
#include "cli/app_id_block.h"
#include "cli/app_igvm.h"
#include "cli/app_measure.h"
#include "cli/app_usage.h"
#include "cli/commands.h"

#ifndef TALLY_VERSION
#error "TALLY_VERSION comes from CMakeLists.txt"
#endif

namespace tally {
namespace {

using Command = std::function<Status()>;

// CommandLine holds the parser and everything it fills.
class CommandLine {
 public:
  CommandLine(Console& console, const std::vector<std::string>& args)
      : console_(console) {
    app_.set_help_flag("-h,--help", "print this");
    app_.add_flag("--version", show_version_, "print the version");
    app_.require_subcommand(0, 1);
    // CLI11 would let any subcommand take its parent's options.
    app_.fallthrough();
    app_.add_flag("--json", json_, "records instead of text");
    app_.add_flag("-v,--verbose", verbose_, "details and timings on stderr");
    const auto name = std::ranges::find_if(args, IsWord);
    AddCommands(name == args.end() ? "" : *name);
  }

  int Run(const std::vector<std::string>& args) {
    // CLI11 wants the last argument first, and eats what it is given.
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    try {
      app_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
      console_.Text(HelpText(app_));
      return Finish(Ok());
    } catch (const CLI::ExtrasError&) {
      return Finish(UnexpectedArgument(app_, args));
    } catch (const CLI::ParseError& error) {
      return Finish(UsageFailure(app_, error.what(), args));
    }
    if (const auto option = FindEmptyValue(app_)) {
      return Finish(UsageError(*option + ": found '', expected a value"));
    }
    if (json_) console_.set_form(OutputForm::kJson);
    if (verbose_) console_.set_verbosity(Verbosity::kVerbose);
    if (show_version_) {
      console_.Text("tally " TALLY_VERSION "\n");
      return Finish(Ok());
    }
    if (!command_) {
      return Finish(UsageError("no command").Hint("tally --help lists them"));
    }
    return Finish(command_());
  }

 private:
  // AddCommands adds the command of that name, or all if there is none: to make
  // the options of all takes as long as a measurement.
  void AddCommands(const std::string& name) {
    struct Group {
      std::vector<std::string_view> names;
      std::function<void()> add;
    };
    const auto choose = [this](Command chosen) { command_ = chosen; };
    const Group groups[] = {
        {{"lock", "fetch"}, [&] { AddInputs(); }},
        {{"build", "check", "rebuild"}, [&] { AddBuilds(); }},
        {{"bundle"}, [&] { AddBundle(); }},
        {{"store"}, [&] { AddStoreCare(); }},
        {{"measure"}, [&] { measure_.AddMeasure(app_); }},
        {{"why"}, [&] { measure_.AddWhy(app_); }},
        {{"eventlog"}, [&] { AddEventLog(app_, console_, choose); }},
        {{"igvm"}, [&] { igvm_.AddTo(app_); }},
        {{"id-block"}, [&] { id_block_.AddTo(app_); }},
        {{"match", "evidence", "index"},
         [&] { AddEvidenceCommands(app_, console_, choose); }},
        {{"keygen", "sign", "verify"}, [&] { AddSigning(); }},
    };
    const auto chosen = std::ranges::find_if(groups, [&](const Group& group) {
      return std::ranges::find(group.names, name) != group.names.end();
    });
    if (chosen != std::end(groups)) return chosen->add();
    for (const Group& group : groups) group.add();
  }

  CLI::App* Add(const std::string& name, const std::string& description,
                Command command) {
    CLI::App* app = app_.add_subcommand(name, description);
    app->callback([this, command] { command_ = command; });
    return app;
  }

  static void AddStore(CLI::App* app, StoreFlags* flags) {
    app->add_option("--store", flags->store,
                    "content store (default: tally/store in XDG_CACHE_HOME)");
  }

  static void AddNetwork(CLI::App* app, NetworkFlags* flags) {
    app->add_option("--mirror", flags->mirrors,
                    "URL or ARCHIVE=URL to fetch from (may be repeated)");
    app->add_flag("--offline", flags->offline, "never use the network");
  }

  void AddInputs() {
    CLI::App* lock =
        Add("lock", "resolve names to exact files; write lock.yaml",
            [this] { return RunLock(lock_, console_); });
    lock->add_option("MANIFEST", lock_.manifest,
                     "manifest.yaml; with --diff a lock or release as well")
        ->required();
    lock->add_option("PACKAGE", lock_.updated,
                     "with --update: only these, and what must move with them");
    lock->add_flag("--update", lock_.update,
                   "take the newest packages; without it those that are locked "
                   "stay");
    lock->add_option("--diff", lock_.diff,
                     "an earlier lock (or its manifest or release): say what "
                     "changed since, and do not lock");
    lock->add_flag("--refresh", lock_.refresh,
                   "record today's archive signatures even if no package "
                   "changed");
    AddStore(lock, &lock_.store);
    AddNetwork(lock, &lock_.network);

    CLI::App* fetch = Add("fetch", "bring every locked file into the store",
                          [this] { return RunFetch(fetch_, console_); });
    fetch->add_option("MANIFEST", fetch_.manifest, "manifest or release")
        ->required();
    AddStore(fetch, &fetch_.store);
    AddNetwork(fetch, &fetch_.network);
  }

  void AddBuilds() {
    CLI::App* build = Add("build", "build the release",
                          [this] { return RunBuild(build_, console_); });
    build->add_option("MANIFEST", build_.manifest, "manifest.yaml")->required();
    build->add_option("-o,--output", build_.output, "release directory")
        ->required();
    build->add_option("-j,--threads", build_.num_threads,
                      "threads (default: one for each processor)");
    AddStore(build, &build_.store);
    // How `check` starts its builds: for nobody else, hence in no help.
    build->add_option("--umask", check_umask_, "")->group("");
    build->add_option("--uid", build_.uid, "")->group("");
    build->add_flag("--reverse-inputs", build_.reverse_inputs, "")->group("");
    build->callback([this] {
      if (!check_umask_.empty()) build_.umask = OctalMode(check_umask_);
      command_ = [this] { return RunBuild(build_, console_); };
    });

    CLI::App* check = Add("check", "build twice and compare every byte",
                          [this] { return RunCheck(check_, console_); });
    check->add_option("MANIFEST", check_.manifest, "manifest.yaml")->required();
    check->add_option("-j,--threads", check_.num_threads,
                      "threads of the second build (default: one for each "
                      "processor, at least 2)");
    check->add_option("--keep", check_.keep,
                      "directory for both releases, to look at them");
    check->add_option("--with", check_.program,
                      "another tally that builds (default: this one)");
    AddStore(check, &check_.store);

    CLI::App* rebuild = Add("rebuild", "rebuild a release and compare",
                            [this] { return RunRebuild(rebuild_, console_); });
    rebuild->add_option("RELEASE", rebuild_.release, "release directory")
        ->required();
    rebuild->add_option("-j,--threads", rebuild_.num_threads,
                        "threads (default: one for each processor)");
    AddStore(rebuild, &rebuild_.store);
  }

  void AddBundle() {
    CLI::App* bundle =
        app_.add_subcommand("bundle", "everything a build needs, in one file");
    bundle->require_subcommand(1);

    CLI::App* to = bundle->add_subcommand(
        "export", "write manifest, lock, local files and every locked file");
    to->callback([this] {
      command_ = [this] { return RunBundleExport(bundle_export_, console_); };
    });
    to->add_option("MANIFEST", bundle_export_.manifest, "manifest or release")
        ->required();
    to->add_option("-o,--output", bundle_export_.output, "bundle to write")
        ->required();
    to->add_flag("--no-evidence", bundle_export_.no_evidence,
                 "leave out the archives' signed files, which no build reads");
    AddStore(to, &bundle_export_.store);

    CLI::App* from = bundle->add_subcommand(
        "import", "bring the files of a bundle into the store");
    from->callback([this] {
      command_ = [this] { return RunBundleImport(bundle_import_, console_); };
    });
    from->add_option("BUNDLE", bundle_import_.bundle, "what export wrote")
        ->required();
    from->add_option("-o,--output", bundle_import_.output,
                     "directory to write manifest, lock and local files to");
    AddStore(from, &bundle_import_.store);
  }

  void AddStoreCare() {
    CLI::App* store = app_.add_subcommand(
        "store", "see, check and clean up the content store");
    store->require_subcommand(1);
    const auto add = [this, store](const char* name, const char* description,
                                   auto* flags, auto run) {
      CLI::App* app = store->add_subcommand(name, description);
      app->callback([this, flags, run] {
        command_ = [this, flags, run] { return run(*flags, console_); };
      });
      AddStore(app, &flags->store);
      return app;
    };
    add("list", "every entry with its kind and size", &store_list_,
        RunStoreList);

    CLI::App* verify = add("verify",
                           "hash every file and unpacked package again and "
                           "name those that are damaged (exit status 1)",
                           &store_verify_, RunStoreVerify);
    verify->add_flag("--repair", store_verify_.repair,
                     "remove what is damaged; tally fetch brings it again");
    verify->add_option("-j,--threads", store_verify_.num_threads,
                       "threads (default: one for each processor)");

    CLI::App* gc = add("gc",
                       "remove what the locks of the given manifests and "
                       "releases do not name, and unfinished downloads",
                       &store_gc_, RunStoreGc);
    gc->add_option("--keep", store_gc_.keep,
                   "manifests or releases whose files stay")
        ->required();
    gc->add_flag("-n,--dry-run", store_gc_.dry_run,
                 "only say what would be removed");
  }

  void AddSigning() {
    CLI::App* keygen = Add("keygen", "make a signing key",
                           [this] { return RunKeygen(keygen_, console_); });
    keygen->add_option("KEY", keygen_.private_key, "private key file to write")
        ->required();
    keygen->add_option("--public", keygen_.public_key,
                       "public key file (default: KEY with .pub)");
    keygen->add_option("--type", key_type_, "ecdsa-p256 (default) or ed25519")
        ->transform(CLI::IsMember({"ecdsa-p256", "ed25519"}));
    keygen->callback([this] {
      if (key_type_ == "ed25519") keygen_.type = KeyType::kEd25519;
      command_ = [this] { return RunKeygen(keygen_, console_); };
    });

    CLI::App* sign = Add("sign", "sign a release",
                         [this] { return RunSign(sign_, console_); });
    sign->add_option("RELEASE", sign_.release, "release directory")->required();
    sign->add_option("--key", sign_.key, "PEM private key")->required();
    sign->add_option("--builder-id", sign_.builder_id,
                     "URI that names who built");

    CLI::App* verify = Add("verify", "recompute and check a release",
                           [this] { return RunVerify(verify_, console_); });
    verify->add_option("RELEASE", verify_.release, "release directory")
        ->required();
    verify->add_option("--key", verify_.key, "PEM public key")->required();
  }

  static uint32_t OctalMode(const std::string& text) {
    uint32_t mode = 0;
    for (const char digit : text) {
      if (digit < '0' || digit > '7' || text.size() > 4) {
        throw CLI::ValidationError("--umask", "expected octal digits");
      }
      mode = mode * 8 + static_cast<uint32_t>(digit - '0');
    }
    return mode;
  }

  int Finish(Status status) {
    const Status flushed = console_.Flush();
    if (!status) console_.Report(status.error());
    // An answer that nobody got is none, whatever it was.
    if (!flushed) console_.Report(flushed.error());
    if (!flushed) return ExitStatus(flushed.error().code());
    return status ? 0 : ExitStatus(status.error().code());
  }

  Console& console_;
  CLI::App app_{"tally"};
  Command command_;
  bool show_version_ = false;
  bool json_ = false;
  bool verbose_ = false;
  std::string key_type_ = "ecdsa-p256";
  LockFlags lock_;
  FetchFlags fetch_;
  BuildFlags build_;
  RebuildFlags rebuild_;
  CheckFlags check_;
  std::string check_umask_;
  BundleExportFlags bundle_export_;
  BundleImportFlags bundle_import_;
  StoreListFlags store_list_;
  StoreVerifyFlags store_verify_;
  StoreGcFlags store_gc_;
  MeasureCommands measure_{console_,
                           [this](Command chosen) { command_ = chosen; }};
  IdBlockCommands id_block_{console_,
                            [this](Command chosen) { command_ = chosen; }};
  IgvmCommands igvm_{console_, [this](Command chosen) { command_ = chosen; }};
  KeygenFlags keygen_;
  SignFlags sign_;
  VerifyFlags verify_;
};

}  // namespace

int RunTally(std::span<const std::string> args, Console& console) {
  try {
    std::vector<std::string> line(args.begin(), args.end());
    TranslateMode(&line);
    CommandLine command_line(console, line);
    return command_line.Run(line);
  } catch (const std::bad_alloc&) {
    console.Report(IoError("out of memory"));
  } catch (const std::exception& exception) {
    console.Report(IoError(exception.what()));
  }
  return ExitStatus(ErrorCode::kIo);
}

}  // namespace tally
