// libarchive, loaded at the first call: in namespace tally, the names below are
// these functions. scripts/packages.txt has the library's package.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "common/lazy_library.h"

namespace tally {

// The ABI of libarchive 3.
inline constexpr char kLibarchiveSoname[] = "libarchive.so.13";

// A type has no attributes: the check of archive_set_error's format is lost.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#define TALLY_FUNCTION(name)                                    \
  inline constinit const LazyFunction<decltype(&::name)> name { \
    kLibarchiveSoname, #name                                    \
  }
TALLY_FUNCTION(archive_entry_filetype);
TALLY_FUNCTION(archive_entry_gid);
TALLY_FUNCTION(archive_entry_hardlink);
TALLY_FUNCTION(archive_entry_pathname);
TALLY_FUNCTION(archive_entry_perm);
TALLY_FUNCTION(archive_entry_size);
TALLY_FUNCTION(archive_entry_symlink);
TALLY_FUNCTION(archive_entry_uid);
TALLY_FUNCTION(archive_entry_xattr_next);
TALLY_FUNCTION(archive_entry_xattr_reset);
TALLY_FUNCTION(archive_errno);
TALLY_FUNCTION(archive_error_string);
TALLY_FUNCTION(archive_filter_code);
TALLY_FUNCTION(archive_filter_count);
TALLY_FUNCTION(archive_read_data_block);
TALLY_FUNCTION(archive_read_free);
TALLY_FUNCTION(archive_read_new);
TALLY_FUNCTION(archive_read_next_header);
TALLY_FUNCTION(archive_read_open);
TALLY_FUNCTION(archive_read_open_memory);
TALLY_FUNCTION(archive_read_support_filter_gzip);
TALLY_FUNCTION(archive_read_support_filter_xz);
TALLY_FUNCTION(archive_read_support_filter_zstd);
TALLY_FUNCTION(archive_read_support_format_ar);
TALLY_FUNCTION(archive_read_support_format_raw);
TALLY_FUNCTION(archive_read_support_format_tar);
TALLY_FUNCTION(archive_set_error);
#undef TALLY_FUNCTION
#pragma GCC diagnostic pop

}  // namespace tally
