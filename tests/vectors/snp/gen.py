#!/usr/bin/env python3
"""Writes extend-all-fields-distinct.txt beside itself.

One step of the SNP launch digest with every field of PAGE_INFO distinct and not
zero, hashed with hashlib only. The layout is that of AMD's published firmware
(github.com/amd/AMD-ASPFW, commit 3ca6650dd35d878b3fcbe5c7f58b145eed042bbf,
fw/psp_bl_uapps/sev_uapp/src/sev_mcmd.h, snp_mcmd_launch_update_page_info_t).
"""
import hashlib
import pathlib
import struct

before = bytes(range(0x01, 0x31))
contents = bytes(range(0x41, 0x71))
page_type, imi_page = 2, 1
vmpl1, vmpl2, vmpl3 = 0x0B, 0x0D, 0x0E
gpa = 0x1122334455667000

page_info = (before + contents + struct.pack("<HBB", 0x70, page_type, imi_page)
             + bytes([0, vmpl1, vmpl2, vmpl3]) + struct.pack("<Q", gpa))
assert len(page_info) == 0x70

text = f"""# One SNP_LAUNCH_UPDATE step with all fields of PAGE_INFO distinct and not zero.
origin = AMD-ASPFW commit 3ca6650d, sev_mcmd.h, snp_mcmd_launch_update_page_info_t; hashed with python3 hashlib (gen.py beside this file)
before = {before.hex()}
contents = {contents.hex()}
page_type = {page_type}
imi_page = {imi_page}
vmpl1 = {vmpl1}
vmpl2 = {vmpl2}
vmpl3 = {vmpl3}
gpa = {gpa:#x}
digest = {hashlib.sha384(page_info).hexdigest()}
"""
path = pathlib.Path(__file__).with_name("extend-all-fields-distinct.txt")
path.write_text(text)
