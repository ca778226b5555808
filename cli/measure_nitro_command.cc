// tally measure nitro: PCRs of an AWS Nitro enclave image.

#include "cli/measure_answer.h"
#include "cli/measure_flags.h"
#include "common/text.h"
#include "measure/nitro.h"

namespace tally {

Status RunMeasureNitro(const MeasureNitroFlags& flags, Console& console) {
  TALLY_ASSIGN(const MappedFile eif, MappedFile::Open(flags.eif));
  Result<NitroMeasurement> measured = MeasureNitro(eif.bytes());
  if (!measured) {
    return std::move(measured).error().While("measuring " +
                                             Quote(flags.eif.string()));
  }
  std::string text;
  Json::Object registers;
  for (const NitroRegister& pcr : measured->registers) {
    if (flags.explain) text += ExplainEvents(pcr.events);
    text += pcr.name + "=" + pcr.value.hex() + "\n";
    registers[pcr.name] = RegisterRecord("sha384", pcr.value.hex(), pcr.events);
  }
  WarnUncovered(measured->coverage, console);
  console.Answer(
      text, Json::Object{{"platform", "nitro"},
                         {"registers", std::move(registers)},
                         {"coverage", CoverageRecord(measured->coverage)}});
  return Ok();
}

}  // namespace tally
