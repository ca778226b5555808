#include "cli/app_eventlog.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <span>

#include "cli/eventlog_command.h"
#include "cli/eventlog_diff_command.h"

namespace tally {
namespace {

// AddBoth adds an option that means the same for PCRs and for RTMRs.
template <typename Take>
CLI::Option* AddBoth(CLI::App* app, const char* name, Take take,
                     const char* description) {
  return app->add_option_function<std::string>(
      name, [take](const std::string& value) { take(value); }, description);
}

void AddSharedInputs(CLI::App* app, EventLogDiffFlags* flags) {
  AddBoth(
      app, "--uki",
      [flags](const std::string& path) {
        flags->tpm.uki = path;
        flags->tdx.uki = path;
      },
      "unified kernel image that boots");
  AddBoth(
      app, "--vars",
      [flags](const std::string& path) {
        flags->tpm.vars = path;
        flags->tdx.vars = path;
      },
      "variable store with which the machine starts");
  AddBoth(
      app, "--firmware",
      [flags](const std::string& path) {
        flags->tpm.firmware = path;
        flags->tdx.firmware = path;
      },
      "firmware: of a TDX guest, or one that begins with its variable store");
  AddBoth(
      app, "--disk",
      [flags](const std::string& path) {
        flags->tpm.disk = path;
        flags->tdx.disk = path;
      },
      "disk that has the image");
  AddBoth(
      app, "--boot-disk-pci",
      [flags](const std::string& place) {
        flags->tpm.boot_disk_pci = place;
        flags->tdx.boot_disk_pci = place;
      },
      "place of the only disk: 1.0");
  AddBoth(
      app, "--platform",
      [flags](const std::string& name) {
        flags->tpm.platform = name;
        flags->tdx.platform = name;
      },
      "as of measure tpm, or of measure tdx");
}

void AddTpmInputs(CLI::App* app, MeasureTpmFlags* flags) {
  app->add_option("--uki-profile", flags->uki_profile,
                  "TPM: profile of the image (default 0)");
  app->add_option("--stub-version", flags->stub_version,
                  "TPM: version of systemd-stub, if the image does not tell")
      ->check(CLI::Range(252, 9999));
  app->add_option("--inner-kernel", flags->inner_kernel,
                  "TPM: auto (default), measured or not-measured");
  app->add_option("--secure-boot-support", flags->secure_boot_support,
                  "TPM: built-in or none, if the platform's firmware differs");
  app->add_option("--failed-boot-options", flags->failed_boot_options,
                  "TPM: boot options that are tried in vain (default 0)")
      ->check(CLI::Range(0, 64));
}

void AddTdxInputs(CLI::App* app, MeasureTdxFlags* flags) {
  app->add_option("--memory", flags->memory, "TDX: memory of the guest: 4G");
  app->add_option("--vcpus", flags->vcpus, "TDX: number of vCPUs, with --acpi");
  app->add_option("--acpi", flags->acpi.directory,
                  "TDX: directory with ACPI tables, as of measure tdx");
  app->add_option("--qemu-version", flags->qemu_version,
                  "TDX: QEMU of the host: 8.2, 9.2 (default), 10.2 …");
  app->add_option("--kernel", flags->kernel, "TDX: kernel that QEMU loads");
  app->add_option("--initrd", flags->initrd, "TDX: its initrd");
  app->add_option("--cmdline", flags->cmdline, "TDX: its command line");
  app->add_flag("--firmware-has-secure-boot", flags->firmware_has_secure_boot,
                "TDX: firmware is built with Secure Boot");
}

void AddDiff(CLI::App* eventlog, Console& console,
             const ChooseCommand& choose) {
  CLI::App* app = eventlog->add_subcommand(
      "diff", "the first event at which a boot parted from what was expected");
  const auto flags = std::make_shared<EventLogDiffFlags>();
  app->add_option("LOG", flags->log, "event log of the boot")->required();
  app->add_option("EXPECTED", flags->expected,
                  "a release, or the log of another boot (default: what the "
                  "options say)");
  app->add_option("--format", flags->format, "auto (default), tcg or ccel");
  app->add_option("--bank", flags->banks, "compare only these digests")
      ->delimiter(',');
  const size_t num_others = app->get_options().size();
  app->callback([app, flags, num_others, choose, &console] {
    const std::vector<CLI::Option*> options = app->get_options();
    flags->has_inputs = std::ranges::any_of(
        std::span(options).subspan(num_others),
        [](const CLI::Option* one) { return one->count() > 0; });
    choose([flags, &console] { return RunEventLogDiff(*flags, console); });
  });
  AddSharedInputs(app, flags.get());
  AddTpmInputs(app, &flags->tpm);
  AddTdxInputs(app, &flags->tdx);
}

}  // namespace

void AddEventLog(CLI::App& app, Console& console, const ChooseCommand& choose) {
  CLI::App* eventlog = app.add_subcommand(
      "eventlog", "what firmware and loaders measured: events, registers");
  eventlog->require_subcommand(0, 1);
  const auto flags = std::make_shared<EventLogFlags>();
  eventlog->callback([flags, eventlog, choose, &console] {
    if (!eventlog->get_subcommands().empty()) return;
    if (flags->log.empty()) throw CLI::RequiredError("LOG");
    choose([flags, &console] { return RunEventLog(*flags, console); });
  });
  eventlog->add_option("LOG", flags->log,
                       "event log of a TPM, or CCEL of a TDX guest");
  eventlog->add_option("--format", flags->format,
                       "auto (default), tcg or ccel");
  eventlog
      ->add_option("--bank", flags->banks,
                   "sha1, sha256, sha384, sha512, or several "
                   "(default: all of the log)")
      ->delimiter(',');
  eventlog->add_flag("--replay", flags->replay,
                     "the registers that the events give");
  AddDiff(eventlog, console, choose);
}

}  // namespace tally
