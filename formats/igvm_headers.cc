#include "formats/igvm_headers.h"

#include "common/text.h"
#include "formats/igvm_layout.h"

namespace tally {
namespace {

IgvmRelocatableRegion ReadRelocatableRegion(ByteReader& r) {
  IgvmRelocatableRegion region;
  region.compatibility_mask = r.U32Le("compatibility mask");
  region.vp_index = r.U16Le("VP index");
  region.vtl = r.U8("VTL");
  region.flags = r.U8("flags");
  r.Count("flags", region.flags, 7);
  region.alignment = r.U64Le("relocation alignment");
  region.gpa = r.U64Le("gpa");
  region.size_bytes = r.U64Le("size");
  region.minimum_gpa = r.U64Le("minimum gpa");
  region.maximum_gpa = r.U64Le("maximum gpa");
  return region;
}

IgvmPageTableRelocation ReadPageTableRelocation(ByteReader& r) {
  IgvmPageTableRelocation region;
  region.compatibility_mask = r.U32Le("compatibility mask");
  region.vp_index = r.U16Le("VP index");
  region.vtl = r.U8("VTL");
  r.Zeros("reserved", 1);
  region.gpa = r.U64Le("gpa");
  region.size_bytes = r.U64Le("size");
  region.used_size_bytes = r.U64Le("used size");
  return region;
}

IgvmCorim ReadCorim(ByteReader& r, uint32_t type, IgvmFileData& data) {
  IgvmCorim corim{.kind = static_cast<IgvmCorimKind>(type)};
  corim.compatibility_mask = r.U32Le("compatibility mask");
  const IgvmFileData::Offset offset = IgvmFileData::ReadOffset(r);
  const uint32_t size = r.U32Le("size");
  if ((offset.value == 0) != (size == 0)) {
    r.Fail("size", "found " + std::to_string(size) + " at file offset " +
                       HexNumber(offset.value));
  }
  corim.contents = data.Contents(offset, size);
  r.Zeros("reserved", 4);
  return corim;
}

IgvmCcaPolicy ReadCcaPolicy(ByteReader& r) {
  IgvmCcaPolicy policy;
  policy.compatibility_mask = r.U32Le("compatibility mask");
  r.Zeros("reserved", 4);
  policy.attributes_required_zeroes = r.U64Le("required zeroes");
  policy.attributes_required_ones = r.U64Le("required ones");
  policy.hash_algorithm = r.U8("hash algorithm");
  r.Count("hash algorithm", policy.hash_algorithm, 2);
  policy.lfa_policy = r.U8("LFA policy");
  r.Count("LFA policy", policy.lfa_policy, 1);
  r.Zeros("reserved", 6);
  return policy;
}

IgvmParameterArea ReadParameterArea(ByteReader& r, IgvmFileData& data) {
  IgvmParameterArea area{.size_bytes = r.U64Le("size")};
  r.Count("size", area.size_bytes, kMaxIgvmParameterBytes);
  area.index = r.U32Le("parameter area index");
  area.initial_contents =
      data.Contents(IgvmFileData::ReadOffset(r), area.size_bytes);
  return area;
}

IgvmPageData ReadPageData(ByteReader& r, const Igvm& igvm, IgvmFileData& data) {
  IgvmPageData page{.gpa = r.U64Le("gpa")};
  page.compatibility_mask = r.U32Le("compatibility mask");
  const IgvmFileData::Offset offset = IgvmFileData::ReadOffset(r);
  const uint32_t flags = r.U32Le("flags");
  r.Count("flags", flags, kIgvmPage2Mb | kIgvmPageUnmeasured | kIgvmPageShared);
  page.is_2mb_page = (flags & kIgvmPage2Mb) != 0;
  page.unmeasured = (flags & kIgvmPageUnmeasured) != 0;
  page.shared = (flags & kIgvmPageShared) != 0;
  const uint16_t type = r.U16Le("data type");
  r.Count("data type", type, static_cast<uint16_t>(IgvmPageType::kCpuidXf));
  page.type = static_cast<IgvmPageType>(type);
  r.Zeros("reserved", 2);
  page.contents = data.Contents(offset, IgvmPageBytes(igvm, page));
  return page;
}

IgvmParameterInsert ReadParameterInsert(ByteReader& r) {
  IgvmParameterInsert insert{.gpa = r.U64Le("gpa")};
  insert.compatibility_mask = r.U32Le("compatibility mask");
  insert.area_index = r.U32Le("parameter area index");
  return insert;
}

IgvmParameter ReadParameter(ByteReader& r, uint32_t type) {
  IgvmParameter parameter{.kind = static_cast<IgvmParameterKind>(type)};
  parameter.area_index = r.U32Le("parameter area index");
  parameter.byte_offset = r.U32Le("byte offset");
  return parameter;
}

IgvmVpContext ReadVpContext(ByteReader& r, const Igvm& igvm,
                            IgvmFileData& data) {
  IgvmVpContext context{.gpa = r.U64Le("gpa")};
  context.compatibility_mask = r.U32Le("compatibility mask");
  const IgvmFileData::Offset offset = IgvmFileData::ReadOffset(r);
  if (offset.value == 0) r.Fail("file offset", "found 0, expected contents");
  context.vp_index = r.U16Le("VP index");
  r.Zeros("reserved", 2);
  const bool is_vbs =
      IgvmMaskNames(igvm, context.compatibility_mask, IgvmPlatformType::kVsm);
  context.contents =
      is_vbs ? data.VbsContents(offset) : data.Contents(offset, igvm.page_size);
  return context;
}

IgvmRequiredMemory ReadRequiredMemory(ByteReader& r) {
  IgvmRequiredMemory memory{.gpa = r.U64Le("gpa")};
  memory.compatibility_mask = r.U32Le("compatibility mask");
  memory.size_bytes = r.U32Le("size");
  const uint32_t flags = r.U32Le("flags");
  r.Count("flags", flags, kIgvmMemoryVtl2Protectable);
  memory.vtl2_protectable = flags != 0;
  r.Zeros("reserved", 4);
  return memory;
}

IgvmErrorRange ReadErrorRange(ByteReader& r) {
  IgvmErrorRange range{.gpa = r.U64Le("gpa")};
  range.compatibility_mask = r.U32Le("compatibility mask");
  range.size_bytes = r.U32Le("size");
  return range;
}

IgvmSnpSignature ReadIdBlockSignature(ByteReader& r, const std::string& name) {
  IgvmSnpSignature signature;
  signature.r = {r.Take(name + " r", kIgvmEccBytes)};
  signature.s = {r.Take(name + " s", kIgvmEccBytes)};
  return signature;
}

IgvmSnpPublicKey ReadIdBlockPublicKey(ByteReader& r, const std::string& name) {
  IgvmSnpPublicKey key;
  key.curve = r.U32Le(name + " curve");
  r.Zeros(name + " reserved", 4);
  key.qx = {r.Take(name + " qx", kIgvmEccBytes)};
  key.qy = {r.Take(name + " qy", kIgvmEccBytes)};
  return key;
}

IgvmSnpIdBlock ReadSnpIdBlock(ByteReader& r) {
  IgvmSnpIdBlock block;
  block.compatibility_mask = r.U32Le("compatibility mask");
  block.author_key_enabled =
      r.Count("author key enabled", r.U8("author key enabled"), 1) != 0;
  r.Zeros("reserved", 3);
  block.launch_digest = r.Array<48>("launch digest");
  block.family_id = r.Array<16>("family id");
  block.image_id = r.Array<16>("image id");
  block.version = r.U32Le("version");
  block.guest_svn = r.U32Le("guest SVN");
  block.id_key_algorithm = r.U32Le("id key algorithm");
  block.author_key_algorithm = r.U32Le("author key algorithm");
  block.id_key_signature = ReadIdBlockSignature(r, "id key signature");
  block.id_public_key = ReadIdBlockPublicKey(r, "id public key");
  block.author_key_signature = ReadIdBlockSignature(r, "author key signature");
  block.author_public_key = ReadIdBlockPublicKey(r, "author public key");
  return block;
}

IgvmVbsMeasurement ReadVbsMeasurement(ByteReader& r) {
  IgvmVbsMeasurement m;
  m.compatibility_mask = r.U32Le("compatibility mask");
  m.version = r.U32Le("version");
  m.product_id = r.U32Le("product id");
  m.module_id = r.U32Le("module id");
  m.security_version = r.U32Le("security version");
  m.policy_flags = r.U32Le("policy flags");
  m.boot_digest_algorithm = r.U32Le("boot digest algorithm");
  m.signing_algorithm = r.U32Le("signing algorithm");
  m.boot_measurement_digest = {r.Take("boot digest", kIgvmVbsDigestBytes)};
  m.signature = {r.Take("signature", kIgvmVbsSignatureBytes)};
  m.public_key = {r.Take("public key", kIgvmVbsKeyBytes)};
  return m;
}

}  // namespace

IgvmFileData::Offset IgvmFileData::ReadOffset(ByteReader& r) {
  Offset offset{.field_at = r.offset()};
  offset.value = r.U32Le("file offset");
  return offset;
}

IgvmContents IgvmFileData::Contents(const Offset& offset, uint64_t size_bytes) {
  if (failure_ || offset.value == 0) return {};
  if (offset.value < start_ || offset.value > file_.size() ||
      size_bytes > file_.size() - offset.value) {
    failure_ = "igvm: file offset at " + HexNumber(offset.field_at) +
               ": found " + HexNumber(offset.value) + " for " +
               HexNumber(size_bytes) + " bytes, the file data is from " +
               HexNumber(start_) + " to " + HexNumber(file_.size());
    return {};
  }
  return {file_.subspan(offset.value, size_bytes)};
}

IgvmContents IgvmFileData::VbsContents(const Offset& offset) {
  const IgvmContents header = Contents(offset, kIgvmVbsContextHeaderBytes);
  ByteReader r("igvm VP context registers", header.bytes, offset.value);
  const uint64_t count = r.U32Le("count");
  if (!r.ok()) return {};
  return Contents(offset,
                  kIgvmVbsContextHeaderBytes + count * kIgvmVbsRegisterBytes);
}

Status IgvmFileData::status() const {
  if (failure_) return InputError(*failure_);
  return Ok();
}

IgvmPlatform ReadIgvmPlatform(ByteReader& r) {
  IgvmPlatform p;
  p.compatibility_mask = r.U32Le("compatibility mask");
  p.highest_vtl = r.U8("highest VTL");
  const uint8_t type = r.U8("platform type");
  r.Count("platform type", type, static_cast<uint8_t>(IgvmPlatformType::kCca));
  p.type = static_cast<IgvmPlatformType>(type);
  p.version = r.U16Le("platform version");
  p.shared_gpa_boundary = r.U64Le("shared GPA boundary");
  return p;
}

IgvmInitialization ReadIgvmInitialization(ByteReader& r, uint32_t type,
                                          IgvmFileData& data) {
  switch (static_cast<IgvmType>(type)) {
    case IgvmType::kGuestPolicy: {
      IgvmGuestPolicy policy{.policy = r.U64Le("policy")};
      policy.compatibility_mask = r.U32Le("compatibility mask");
      r.Zeros("reserved", 4);
      return policy;
    }
    case IgvmType::kRelocatableRegion:
      return ReadRelocatableRegion(r);
    case IgvmType::kPageTableRelocation:
      return ReadPageTableRelocation(r);
    case IgvmType::kCcaPolicy:
      return ReadCcaPolicy(r);
    default:
      return ReadCorim(r, type, data);
  }
}

IgvmDirective ReadIgvmDirective(ByteReader& r, uint32_t type, const Igvm& igvm,
                                IgvmFileData& data) {
  switch (static_cast<IgvmType>(type)) {
    case IgvmType::kParameterArea:
      return ReadParameterArea(r, data);
    case IgvmType::kPageData:
      return ReadPageData(r, igvm, data);
    case IgvmType::kParameterInsert:
      return ReadParameterInsert(r);
    case IgvmType::kVpContext:
      return ReadVpContext(r, igvm, data);
    case IgvmType::kRequiredMemory:
      return ReadRequiredMemory(r);
    case IgvmType::kErrorRange:
      return ReadErrorRange(r);
    case IgvmType::kSnpIdBlock:
      return ReadSnpIdBlock(r);
    case IgvmType::kVbsMeasurement:
      return ReadVbsMeasurement(r);
    default:
      return ReadParameter(r, type);
  }
}

}  // namespace tally
