// ParseEfiVariableStore takes any bytes; what it returns lies in them, and no
// name is there twice. The input is what follows the headers.
#include <set>

#include "common/check.h"
#include "formats/efi_variable_store.h"

namespace {

using tally::Bytes;
using tally::ByteSpan;
using tally::EfiStoredVariable;

Bytes WithHeaders(ByteSpan body) {
  tally::ByteWriter flash;
  flash.Zeros(16);
  flash.Raw(tally::GuidBytes(
      tally::ParseUuid("fff12b8d-7696-4c8b-a985-2747075b4f50").value()));
  flash.U64Le(0x84000).Text("_FVH").U32Le(0x4feff).U16Le(72).ZerosUntil(72);
  flash.Raw(tally::GuidBytes(
      tally::ParseUuid("aaf32c78-947b-439a-a180-2e144ec37792").value()));
  flash.U32Le(static_cast<uint32_t>(28 + body.size()));
  flash.U8(0x5a).U8(0xfe).Zeros(6).Raw(body);
  return std::move(flash).Take();
}

void Check(ByteSpan flash) {
  const auto parsed = tally::ParseEfiVariableStore(flash);
  if (!parsed) return;
  std::set<std::pair<tally::Uuid, std::string>> names;
  for (const EfiStoredVariable& variable : *parsed) {
    TALLY_CHECK(names.emplace(variable.vendor, variable.name).second);
    TALLY_CHECK(variable.data.size() <= flash.size());
    const Bytes data =
        tally::EfiVariableData(variable.vendor, variable.name, variable.data);
    TALLY_CHECK(data.size() ==
                32 + 2 * variable.name.size() + variable.data.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > (1 << 20)) return 0;
  Check(ByteSpan(data, size));
  Check(WithHeaders(ByteSpan(data, size)));
  return 0;
}
