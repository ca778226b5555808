#include "cli/app_measure_tpm.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/measure_tpm_command.h"

namespace tally {
namespace {

void AddMachineOptions(CLI::App* app, MeasureTpmFlags* flags) {
  app->add_option("--platform", flags->platform,
                  "ovmf-2022.11 (default), ovmf-2023.02, gce or azure");
  app->add_option("--firmware", flags->firmware,
                  "firmware that begins with its variable store (OVMF.fd)");
  app->add_option("--vars", flags->vars,
                  "variable store with which the machine starts");
  app->add_option("--secure-boot-support", flags->secure_boot_support,
                  "built-in or none, if the platform's firmware differs");
  app->add_option("--boot-disk-pci", flags->boot_disk_pci,
                  "place of the only disk, a virtio block device: 1.0");
  app->add_option("--disk", flags->disk,
                  "disk that has the image; its partition table counts");
  app->add_option("--event-log", flags->event_log,
                  "trusted log of a boot, for PCRs that cannot be predicted");
  app->add_option("--failed-boot-options", flags->failed_boot_options,
                  "boot options that are tried before it in vain (default 0)")
      ->check(CLI::Range(0, 64));
}

void AddImageOptions(CLI::App* app, MeasureTpmFlags* flags) {
  app->add_option("--uki", flags->uki,
                  "unified kernel image (default: the one on --disk)");
  app->add_option("--uki-profile", flags->uki_profile,
                  "profile of the image (default 0)");
  app->add_option("--stub-version", flags->stub_version,
                  "version of systemd-stub, if the image does not tell: 252")
      ->check(CLI::Range(252, 9999));
  app->add_option("--inner-kernel", flags->inner_kernel,
                  "auto (default: by the stub), measured or not-measured");
  app->add_option("--phase", flags->phases,
                  "boot phases in PCR 11: enter-initrd:leave-initrd …");
}

}  // namespace

void AddMeasureTpm(CLI::App* measure, Console& console,
                   const ChooseCommand& choose) {
  CLI::App* app = measure->add_subcommand(
      "tpm", "PCRs of a TPM after a unified kernel image has booted");
  // The parser's callback keeps the flags alive.
  const auto flags = std::make_shared<MeasureTpmFlags>();
  app->callback([flags, choose, &console] {
    choose([flags, &console] { return RunMeasureTpm(*flags, console); });
  });
  AddImageOptions(app, flags.get());
  AddMachineOptions(app, flags.get());
  app->add_option("--bank", flags->banks,
                  "sha1, sha256 (default), sha384, sha512, or several")
      ->delimiter(',');
  app->add_option("--pcr", flags->pcrs, "only these: 4,7,9,11,12")
      ->delimiter(',');
  app->add_flag("--rtmrs", flags->rtmrs,
                "also RTMR 0 to 2, as Intel TDX maps the same events");
  app->add_flag("--explain", flags->explain, "every step");
}

}  // namespace tally
