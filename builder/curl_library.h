// libcurl, loaded at the first call: in namespace tally, the names below are
// these functions. scripts/packages.txt has the library's package.
#pragma once

#include <curl/curl.h>

#include "common/lazy_library.h"

namespace tally {

// The ABI since 2006.
inline constexpr char kLibcurlSoname[] = "libcurl.so.4";

// In braces, not parentheses: curl_easy_setopt is a macro with arguments, too.
#define TALLY_FUNCTION(name)                                    \
  inline constinit const LazyFunction<decltype(&::name)> name { \
    kLibcurlSoname, #name                                       \
  }
TALLY_FUNCTION(curl_easy_cleanup);
TALLY_FUNCTION(curl_easy_getinfo);
TALLY_FUNCTION(curl_easy_init);
TALLY_FUNCTION(curl_easy_perform);
TALLY_FUNCTION(curl_easy_setopt);
TALLY_FUNCTION(curl_easy_strerror);
TALLY_FUNCTION(curl_global_init);
TALLY_FUNCTION(curl_slist_append);
TALLY_FUNCTION(curl_slist_free_all);
#undef TALLY_FUNCTION

}  // namespace tally
