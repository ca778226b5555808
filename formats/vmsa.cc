#include "formats/vmsa.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "common/check.h"
#include "common/text.h"

namespace tally {
namespace {

// VmsaLayoutRow is one field of the layout; each begins where the one before
// ends.
struct VmsaLayoutRow {
  std::string_view name;
  uint64_t size_bytes;
};

constexpr VmsaLayoutRow kVmsaLayout[] = {
    {"es.selector", 2},
    {"es.attributes", 2},
    {"es.limit", 4},
    {"es.base", 8},
    {"cs.selector", 2},
    {"cs.attributes", 2},
    {"cs.limit", 4},
    {"cs.base", 8},
    {"ss.selector", 2},
    {"ss.attributes", 2},
    {"ss.limit", 4},
    {"ss.base", 8},
    {"ds.selector", 2},
    {"ds.attributes", 2},
    {"ds.limit", 4},
    {"ds.base", 8},
    {"fs.selector", 2},
    {"fs.attributes", 2},
    {"fs.limit", 4},
    {"fs.base", 8},
    {"gs.selector", 2},
    {"gs.attributes", 2},
    {"gs.limit", 4},
    {"gs.base", 8},
    {"gdtr.selector", 2},
    {"gdtr.attributes", 2},
    {"gdtr.limit", 4},
    {"gdtr.base", 8},
    {"ldtr.selector", 2},
    {"ldtr.attributes", 2},
    {"ldtr.limit", 4},
    {"ldtr.base", 8},
    {"idtr.selector", 2},
    {"idtr.attributes", 2},
    {"idtr.limit", 4},
    {"idtr.base", 8},
    {"tr.selector", 2},
    {"tr.attributes", 2},
    {"tr.limit", 4},
    {"tr.base", 8},
    {"vmpl0_ssp", 8},
    {"vmpl1_ssp", 8},
    {"vmpl2_ssp", 8},
    {"vmpl3_ssp", 8},
    {"u_cet", 8},
    {"reserved_0xc8", 2},
    {"vmpl", 1},
    {"cpl", 1},
    {"reserved_0xcc", 4},
    {"efer", 8},
    {"reserved_0xd8", 104},
    {"xss", 8},
    {"cr4", 8},
    {"cr3", 8},
    {"cr0", 8},
    {"dr7", 8},
    {"dr6", 8},
    {"rflags", 8},
    {"rip", 8},
    {"dr0", 8},
    {"dr1", 8},
    {"dr2", 8},
    {"dr3", 8},
    {"dr0_addr_mask", 8},
    {"dr1_addr_mask", 8},
    {"dr2_addr_mask", 8},
    {"dr3_addr_mask", 8},
    {"reserved_0x1c0", 24},
    {"rsp", 8},
    {"s_cet", 8},
    {"ssp", 8},
    {"isst_addr", 8},
    {"rax", 8},
    {"star", 8},
    {"lstar", 8},
    {"cstar", 8},
    {"sfmask", 8},
    {"kernel_gs_base", 8},
    {"sysenter_cs", 8},
    {"sysenter_esp", 8},
    {"sysenter_eip", 8},
    {"cr2", 8},
    {"reserved_0x248", 32},
    {"g_pat", 8},
    {"dbgctl", 8},
    {"br_from", 8},
    {"br_to", 8},
    {"last_excp_from", 8},
    {"last_excp_to", 8},
    {"reserved_0x298", 80},
    {"pkru", 4},
    {"tsc_aux", 4},
    {"reserved_0x2f0", 24},
    {"rcx", 8},
    {"rdx", 8},
    {"rbx", 8},
    {"reserved_0x320", 8},
    {"rbp", 8},
    {"rsi", 8},
    {"rdi", 8},
    {"r8", 8},
    {"r9", 8},
    {"r10", 8},
    {"r11", 8},
    {"r12", 8},
    {"r13", 8},
    {"r14", 8},
    {"r15", 8},
    {"reserved_0x380", 16},
    {"guest_exit_info_1", 8},
    {"guest_exit_info_2", 8},
    {"guest_exit_int_info", 8},
    {"guest_nrip", 8},
    {"sev_features", 8},
    {"vintr_ctrl", 8},
    {"guest_exit_code", 8},
    {"virtual_tom", 8},
    {"tlb_id", 8},
    {"pcpu_id", 8},
    {"event_inj", 8},
    {"xcr0", 8},
    {"reserved_0x3f0", 16},
    {"x87_dp", 8},
    {"mxcsr", 4},
    {"x87_ftw", 2},
    {"x87_fsw", 2},
    {"x87_fcw", 2},
    {"x87_fop", 2},
    {"x87_ds", 2},
    {"x87_cs", 2},
    {"x87_rip", 8},
    {"fpreg_x87", 80},
    {"fpreg_xmm", 256},
    {"fpreg_ymm", 256},
    {"reserved_0x670", 2448},
};

constexpr uint64_t LayoutBytes() {
  uint64_t total = 0;
  for (const VmsaLayoutRow& row : kVmsaLayout) total += row.size_bytes;
  return total;
}
static_assert(LayoutBytes() == kVmsaBytes);

// Show returns a field's value: a number, or its bytes if it is wider.
std::string Show(ByteSpan field) {
  if (field.size() > 8) return Hex(field);
  uint64_t value = 0;
  for (size_t i = field.size(); i > 0; --i) value = value << 8 | field[i - 1];
  return HexNumber(value);
}

void WriteSegment(ByteWriter& w, const VmsaSegment& segment) {
  w.U16Le(segment.selector);
  w.U16Le(segment.attributes);
  w.U32Le(segment.limit);
  w.U64Le(segment.base);
}

}  // namespace

Bytes EncodeVmsa(const Vmsa& vmsa) {
  ByteWriter w;
  WriteSegment(w, vmsa.es);    // 0x000 ES
  WriteSegment(w, vmsa.cs);    // 0x010 CS
  WriteSegment(w, vmsa.ss);    // 0x020 SS
  WriteSegment(w, vmsa.ds);    // 0x030 DS
  WriteSegment(w, vmsa.fs);    // 0x040 FS
  WriteSegment(w, vmsa.gs);    // 0x050 GS
  WriteSegment(w, vmsa.gdtr);  // 0x060 GDTR
  WriteSegment(w, vmsa.ldtr);  // 0x070 LDTR
  WriteSegment(w, vmsa.idtr);  // 0x080 IDTR
  WriteSegment(w, vmsa.tr);    // 0x090 TR
  w.ZerosUntil(0x0d0).U64Le(vmsa.efer);
  w.ZerosUntil(0x148).U64Le(vmsa.cr4);
  w.U64Le(vmsa.cr3);     // 0x150
  w.U64Le(vmsa.cr0);     // 0x158
  w.U64Le(vmsa.dr7);     // 0x160
  w.U64Le(vmsa.dr6);     // 0x168
  w.U64Le(vmsa.rflags);  // 0x170
  w.U64Le(vmsa.rip);     // 0x178
  w.ZerosUntil(0x1d8).U64Le(vmsa.rsp);
  w.ZerosUntil(0x1f8).U64Le(vmsa.rax);
  w.ZerosUntil(0x268).U64Le(vmsa.g_pat);
  w.ZerosUntil(0x308).U64Le(vmsa.rcx);
  w.U64Le(vmsa.rdx);  // 0x310
  w.U64Le(vmsa.rbx);  // 0x318
  w.ZerosUntil(0x328).U64Le(vmsa.rbp);
  w.U64Le(vmsa.rsi);  // 0x330
  w.ZerosUntil(0x3b0).U64Le(vmsa.sev_features);
  w.ZerosUntil(0x3e8).U64Le(vmsa.xcr0);
  w.ZerosUntil(0x408).U32Le(vmsa.mxcsr);
  w.ZerosUntil(0x410).U16Le(vmsa.x87_fcw);
  w.ZerosUntil(kVmsaBytes);
  return std::move(w).Take();
}

std::vector<VmsaField> DescribeVmsa(ByteSpan page) {
  TALLY_CHECK(page.size() == kVmsaBytes);
  std::vector<VmsaField> fields;
  uint64_t offset = 0;
  for (const VmsaLayoutRow& row : kVmsaLayout) {
    const ByteSpan bytes = page.subspan(offset, row.size_bytes);
    const bool is_zero =
        std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
    if (!is_zero) {
      fields.push_back({.name = std::string(row.name),
                        .offset = offset,
                        .size_bytes = row.size_bytes,
                        .value = Show(bytes)});
    }
    offset += row.size_bytes;
  }
  return fields;
}

}  // namespace tally
