// The canonical form: fixed header, headers in the order given, zeros to a page
// boundary, then each distinct piece of data once, in order of first use, at a
// page boundary. See docs/formats/igvm.md.
#include <map>
#include <string>
#include <utility>

#include "common/check.h"
#include "common/text.h"
#include "formats/crc32.h"
#include "formats/igvm.h"
#include "formats/igvm_layout.h"

namespace tally {
namespace {

// DataLayout gives file offsets to contents; equal contents share one.
class DataLayout {
 public:
  DataLayout(uint64_t start, uint64_t alignment)
      : end_(start), alignment_(alignment) {}

  // Place returns the offset of `contents`: 0 for none.
  uint32_t Place(const IgvmContents& contents) {
    if (contents.bytes.empty()) return 0;
    const auto [found, is_new] = offsets_.try_emplace(AsText(contents.bytes));
    if (is_new) {
      found->second = AlignUp(end_, alignment_);
      end_ = found->second + contents.bytes.size();
      in_order_.push_back({found->second, contents.bytes});
    }
    return static_cast<uint32_t>(found->second);
  }

  // PadIfEmpty adds zeros up to the next boundary if no contents were placed.
  void PadIfEmpty() {
    if (in_order_.empty()) end_ = AlignUp(end_ + 1, alignment_);
  }

  uint64_t end() const { return end_; }
  void Write(ByteWriter* w) const {
    for (const auto& [offset, bytes] : in_order_) {
      w->ZerosUntil(offset).Raw(bytes);
    }
    w->ZerosUntil(end_);
  }

 private:
  std::map<std::string_view, uint64_t> offsets_;
  std::vector<std::pair<uint64_t, ByteSpan>> in_order_;
  uint64_t end_;
  uint64_t alignment_;
};

// HeaderWriter writes one header of each kind.
class HeaderWriter {
 public:
  HeaderWriter(ByteWriter* w, DataLayout* data) : w_(*w), data_(*data) {}

  void operator()(const IgvmPlatform& p) {
    Begin(IgvmType::kSupportedPlatform);
    w_.U32Le(p.compatibility_mask)
        .U8(p.highest_vtl)
        .U8(static_cast<uint8_t>(p.type))
        .U16Le(p.version)
        .U64Le(p.shared_gpa_boundary);
  }
  void operator()(const IgvmUnknown& u) {
    w_.U32Le(u.type)
        .U32Le(static_cast<uint32_t>(u.content.bytes.size()))
        .Raw(u.content.bytes)
        .PadTo(kIgvmAlignment);
  }
  void operator()(const IgvmGuestPolicy& p) {
    Begin(IgvmType::kGuestPolicy);
    w_.U64Le(p.policy).U32Le(p.compatibility_mask).Zeros(4);
  }
  void operator()(const IgvmRelocatableRegion& r) {
    Begin(IgvmType::kRelocatableRegion);
    w_.U32Le(r.compatibility_mask).U16Le(r.vp_index).U8(r.vtl).U8(r.flags);
    w_.U64Le(r.alignment).U64Le(r.gpa).U64Le(r.size_bytes);
    w_.U64Le(r.minimum_gpa).U64Le(r.maximum_gpa);
  }
  void operator()(const IgvmPageTableRelocation& r) {
    Begin(IgvmType::kPageTableRelocation);
    w_.U32Le(r.compatibility_mask).U16Le(r.vp_index).U8(r.vtl).Zeros(1);
    w_.U64Le(r.gpa).U64Le(r.size_bytes).U64Le(r.used_size_bytes);
  }
  void operator()(const IgvmCorim& c) {
    Begin(static_cast<IgvmType>(c.kind));
    w_.U32Le(c.compatibility_mask)
        .U32Le(data_.Place(c.contents))
        .U32Le(static_cast<uint32_t>(c.contents.bytes.size()))
        .Zeros(4);
  }
  void operator()(const IgvmCcaPolicy& p) {
    Begin(IgvmType::kCcaPolicy);
    w_.U32Le(p.compatibility_mask).Zeros(4);
    w_.U64Le(p.attributes_required_zeroes).U64Le(p.attributes_required_ones);
    w_.U8(p.hash_algorithm).U8(p.lfa_policy).Zeros(6);
  }
  void operator()(const IgvmParameterArea& a) {
    Begin(IgvmType::kParameterArea);
    w_.U64Le(a.size_bytes)
        .U32Le(a.index)
        .U32Le(data_.Place(a.initial_contents));
  }
  void operator()(const IgvmPageData& p) {
    Begin(IgvmType::kPageData);
    w_.U64Le(p.gpa).U32Le(p.compatibility_mask).U32Le(data_.Place(p.contents));
    w_.U32Le((p.is_2mb_page ? kIgvmPage2Mb : 0) |
             (p.unmeasured ? kIgvmPageUnmeasured : 0) |
             (p.shared ? kIgvmPageShared : 0));
    w_.U16Le(static_cast<uint16_t>(p.type)).Zeros(2);
  }
  void operator()(const IgvmParameterInsert& i) {
    Begin(IgvmType::kParameterInsert);
    w_.U64Le(i.gpa).U32Le(i.compatibility_mask).U32Le(i.area_index);
  }
  void operator()(const IgvmParameter& p) {
    Begin(static_cast<IgvmType>(p.kind));
    w_.U32Le(p.area_index).U32Le(p.byte_offset);
  }
  void operator()(const IgvmVpContext& c) {
    Begin(IgvmType::kVpContext);
    w_.U64Le(c.gpa).U32Le(c.compatibility_mask).U32Le(data_.Place(c.contents));
    w_.U16Le(c.vp_index).Zeros(2).PadTo(kIgvmAlignment);
  }
  void operator()(const IgvmRequiredMemory& m) {
    Begin(IgvmType::kRequiredMemory);
    w_.U64Le(m.gpa).U32Le(m.compatibility_mask).U32Le(m.size_bytes);
    w_.U32Le(m.vtl2_protectable ? kIgvmMemoryVtl2Protectable : 0).Zeros(4);
  }
  void operator()(const IgvmErrorRange& e) {
    Begin(IgvmType::kErrorRange);
    w_.U64Le(e.gpa).U32Le(e.compatibility_mask).U32Le(e.size_bytes);
  }
  void operator()(const IgvmSnpIdBlock& b) {
    Begin(IgvmType::kSnpIdBlock);
    w_.U32Le(b.compatibility_mask).U8(b.author_key_enabled ? 1 : 0).Zeros(3);
    w_.Raw(b.launch_digest).Raw(b.family_id).Raw(b.image_id);
    w_.U32Le(b.version).U32Le(b.guest_svn);
    w_.U32Le(b.id_key_algorithm).U32Le(b.author_key_algorithm);
    Signature(b.id_key_signature);
    PublicKey(b.id_public_key);
    Signature(b.author_key_signature);
    PublicKey(b.author_public_key);
  }
  void operator()(const IgvmVbsMeasurement& m) {
    Begin(IgvmType::kVbsMeasurement);
    w_.U32Le(m.compatibility_mask).U32Le(m.version).U32Le(m.product_id);
    w_.U32Le(m.module_id).U32Le(m.security_version).U32Le(m.policy_flags);
    w_.U32Le(m.boot_digest_algorithm).U32Le(m.signing_algorithm);
    w_.Raw(m.boot_measurement_digest.bytes).Raw(m.signature.bytes);
    w_.Raw(m.public_key.bytes);
  }

 private:
  void Begin(IgvmType type) {
    const uint32_t number = static_cast<uint32_t>(type);
    const IgvmTypeInfo* info = FindIgvmType(number);
    TALLY_CHECK(info != nullptr);
    w_.U32Le(number).U32Le(info->size_bytes);
  }
  void Signature(const IgvmSnpSignature& s) {
    w_.Raw(s.r.bytes).Raw(s.s.bytes);
  }
  void PublicKey(const IgvmSnpPublicKey& k) {
    w_.U32Le(k.curve).Zeros(4).Raw(k.qx.bytes).Raw(k.qy.bytes);
  }

  ByteWriter& w_;
  DataLayout& data_;
};

Bytes EncodeHeaders(const Igvm& igvm, DataLayout* data) {
  ByteWriter w;
  HeaderWriter write(&w, data);
  for (const auto& header : igvm.platforms) std::visit(write, header);
  for (const auto& header : igvm.initializations) std::visit(write, header);
  for (const auto& header : igvm.directives) std::visit(write, header);
  return std::move(w).Take();
}

uint64_t FixedHeaderBytes(const Igvm& igvm) {
  return igvm.version == 1 ? kIgvmFixedHeaderBytes : kIgvmFixedHeaderV2Bytes;
}

Bytes EncodeFixedHeader(const Igvm& igvm, uint64_t headers_bytes,
                        uint64_t file_bytes, uint32_t checksum) {
  const bool is_v1 = igvm.version == 1;
  ByteWriter w;
  w.U32Le(kIgvmMagic);
  w.U32Le(igvm.version);
  w.U32Le(static_cast<uint32_t>(FixedHeaderBytes(igvm)));
  w.U32Le(static_cast<uint32_t>(headers_bytes));
  w.U32Le(static_cast<uint32_t>(file_bytes));
  w.U32Le(checksum);
  if (!is_v1) {
    w.U32Le(static_cast<uint32_t>(igvm.architecture)).U32Le(igvm.page_size);
  }
  return std::move(w).Take();
}

}  // namespace

Result<Bytes> WriteIgvm(const Igvm& igvm) {
  TALLY_TRY(CheckIgvm(igvm));
  // The size of the headers does not depend on where the data lies, but the
  // place of the data depends on the size of the headers.
  DataLayout trial(0, igvm.page_size);
  const uint64_t data_start =
      FixedHeaderBytes(igvm) + EncodeHeaders(igvm, &trial).size();
  DataLayout data(data_start, igvm.page_size);
  const Bytes headers = EncodeHeaders(igvm, &data);
  // The reader of microsoft/igvm refuses a file that ends with its headers.
  data.PadIfEmpty();
  if (headers.size() > kMaxIgvmHeaderBytes) {
    return InputError("igvm: headers have " + std::to_string(headers.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxIgvmHeaderBytes));
  }
  if (data.end() > kMaxIgvmBytes) {
    return InputError("igvm: the file would have " +
                      std::to_string(data.end()) + " bytes, expected at most " +
                      std::to_string(kMaxIgvmBytes));
  }
  const uint32_t checksum =
      Crc32Hasher()
          .Update(EncodeFixedHeader(igvm, headers.size(), data.end(), 0))
          .Update(headers)
          .value();
  ByteWriter w;
  w.Raw(EncodeFixedHeader(igvm, headers.size(), data.end(), checksum));
  w.Raw(headers);
  data.Write(&w);
  return std::move(w).Take();
}

}  // namespace tally
