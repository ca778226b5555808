#include "cli/app_evidence.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/evidence_command.h"
#include "cli/match_command.h"

namespace tally {
namespace {

constexpr const char* kEvidence =
    "a file, or the directory of a TPM's quote as tpm2-tools wrote it";

void AddContext(CLI::App* app, EvidenceFlags* flags) {
  app->add_option("--kind", flags->kind,
                  "snp, tdx, sgx, nitro, cca, tpm, azure-snp or azure-tdx "
                  "(default: by its form)");
  app->add_option("--at", flags->at,
                  "when it has to be valid: 2026-11-23T04:26:00Z, or seconds "
                  "since 1970 (default: now)");
  app->add_option("--collateral", flags->collateral,
                  "certificates, revocation lists, Intel's documents, keys: "
                  "files or directories (may be repeated)");
  app->add_option("--event-log", flags->event_log,
                  "the guest's own event log, beside a quote of a TPM or of "
                  "TDX (CCEL)");
}

void AddFreshness(CLI::App* app, FreshnessFlags* flags) {
  app->add_option("--nonce", flags->nonce,
                  "what the guest had to put in, in hexadecimal");
  app->add_option("--report-data", flags->report_data,
                  "the same, for the field of that name (Nitro: user_data)");
  app->add_option("--report-data-file", flags->report_data_file,
                  "the same, as the bytes of a file");
}

void AddMatch(CLI::App& parent, Console& console, const ChooseCommand& choose) {
  CLI::App* app = parent.add_subcommand(
      "match", "does this evidence attest a value that was published?");
  const auto flags = std::make_shared<MatchFlags>();
  app->callback([flags, choose, &console] {
    choose([flags, &console] { return RunMatch(*flags, console); });
  });
  app->add_option("EVIDENCE RELEASE", flags->positional,
                  "a report, quote, document or token, or the directory of a "
                  "TPM's quote as tpm2-tools wrote it; and the release "
                  "directory (with --batch RELEASE only)");
  AddContext(app, &flags->evidence);
  AddFreshness(app, &flags->freshness);
  app->add_option("--policy", flags->policy,
                  "what evidence has to be (YAML; default: debug off, VMPL 0, "
                  "every published register equal)");
  app->add_option("--measurement", flags->measurement,
                  "instead of a release: HEX, or REGISTER=HEX,…");
  app->add_option("--index", flags->index,
                  "what tally index wrote: instead of a release, or to find "
                  "the nearest");
  app->add_option("--batch", flags->batch,
                  "a directory of evidence: an answer for each file");
  app->add_option("-j,--threads", flags->num_threads,
                  "threads of a batch (default: one for each processor)");
  app->add_flag("--explain", flags->explain, "every check and every register");
}

void AddEvidence(CLI::App& parent, Console& console,
                 const ChooseCommand& choose) {
  CLI::App* evidence = parent.add_subcommand(
      "evidence", "see and authenticate evidence, without a release");
  evidence->require_subcommand(1);

  CLI::App* inspect = evidence->add_subcommand(
      "inspect", "every field with its offset and meaning; no verdict");
  const auto inspect_flags = std::make_shared<EvidenceFlags>();
  inspect->callback([inspect_flags, choose, &console] {
    choose([inspect_flags, &console] {
      return RunEvidenceInspect(*inspect_flags, console);
    });
  });
  inspect->add_option("EVIDENCE", inspect_flags->evidence, kEvidence)
      ->required();
  inspect->add_option("--kind", inspect_flags->kind,
                      "if its form does not tell");

  CLI::App* verify = evidence->add_subcommand(
      "verify", "authenticity and freshness; no comparison with values");
  const auto verify_flags = std::make_shared<EvidenceVerifyFlags>();
  verify->callback([verify_flags, choose, &console] {
    choose([verify_flags, &console] {
      return RunEvidenceVerify(*verify_flags, console);
    });
  });
  verify->add_option("EVIDENCE", verify_flags->evidence.evidence, kEvidence)
      ->required();
  AddContext(verify, &verify_flags->evidence);
  AddFreshness(verify, &verify_flags->freshness);
}

void AddIndex(CLI::App& parent, Console& console, const ChooseCommand& choose) {
  CLI::App* app = parent.add_subcommand(
      "index", "from measured values to the releases that publish them");
  const auto flags = std::make_shared<IndexFlags>();
  app->callback([flags, choose, &console] {
    choose([flags, &console] { return RunIndex(*flags, console); });
  });
  app->add_option("DIR", flags->directories,
                  "releases, or directories that have some below")
      ->required();
  app->add_option("-o,--output", flags->output, "file to write")->required();
}

}  // namespace

void AddEvidenceCommands(CLI::App& app, Console& console,
                         const ChooseCommand& choose) {
  AddMatch(app, console, choose);
  AddEvidence(app, console, choose);
  AddIndex(app, console, choose);
}

}  // namespace tally
