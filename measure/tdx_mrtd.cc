#include "measure/tdx_mrtd.h"

#include <string>

#include "common/check.h"

namespace tally {
namespace {

// Contents is the section's memory: what the image has, then zeros.
Bytes Contents(ByteSpan image, const TdvfSection& section) {
  const ByteSpan raw = image.subspan(section.data_offset, section.raw_bytes);
  Bytes contents = ToBytes(raw);
  contents.resize(section.size_bytes);
  return contents;
}

Event SectionEvent(const TdvfSection& section, std::string_view type,
                   const MrtdHasher& hasher) {
  return {.what = "section " + std::string(TdvfSectionKindName(section.kind)),
          .type = std::string(type),
          .gpa = section.gpa,
          .size_bytes = section.size_bytes,
          .value_after = hasher.value()};
}

void AddPages(const TdvfSection& section, MrtdHasher* hasher) {
  for (uint64_t at = 0; at < section.size_bytes; at += kTdxPageBytes) {
    hasher->AddPage(section.gpa + at);
  }
}

void MeasureSection(ByteSpan image, const TdvfSection& section,
                    TdxPageOrder order, MrtdHasher* hasher,
                    std::vector<Event>* events) {
  if (!section.is_extended()) {
    AddPages(section, hasher);
    events->push_back(SectionEvent(section, "add", *hasher));
    return;
  }
  const Bytes contents = Contents(image, section);
  const Sha384Digest digest = Sha384(contents);
  if (order == TdxPageOrder::kTwoPass) {
    AddPages(section, hasher);
    events->push_back(SectionEvent(section, "add", *hasher));
    hasher->Extend(section.gpa, contents);
    events->push_back(SectionEvent(section, "extend", *hasher));
  } else {
    for (uint64_t at = 0; at < contents.size(); at += kTdxPageBytes) {
      hasher->AddPage(section.gpa + at);
      hasher->Extend(section.gpa + at,
                     ByteSpan(contents).subspan(at, kTdxPageBytes));
    }
    events->push_back(SectionEvent(section, "add+extend", *hasher));
  }
  events->back().digest = digest;
}

}  // namespace

std::string_view TdxPageOrderName(TdxPageOrder order) {
  return order == TdxPageOrder::kSinglePass ? "single-pass" : "two-pass";
}

std::optional<TdxPageOrder> FindTdxPageOrder(std::string_view name) {
  for (const TdxPageOrder order :
       {TdxPageOrder::kSinglePass, TdxPageOrder::kTwoPass}) {
    if (name == TdxPageOrderName(order)) return order;
  }
  return std::nullopt;
}

TdxMrtd MeasureTdvf(ByteSpan image, const Tdvf& tdvf, TdxPageOrder order) {
  TALLY_CHECK(image.size() == tdvf.size_bytes);
  MrtdHasher hasher;
  std::vector<Event> events;
  for (const TdvfSection& section : tdvf.sections) {
    if (section.is_augmented()) continue;
    MeasureSection(image, section, order, &hasher, &events);
  }
  return {hasher.value(), std::move(events)};
}

}  // namespace tally
