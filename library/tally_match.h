/* tally_match: does evidence attest a published value? For C, and for every
 * language that can call C. What the answer means: docs/match.md.
 *
 * The functions keep no state, read no file, no clock and no network, and may
 * be called from several threads at once. C++ programs can use attest/match.h
 * of the same library instead.
 */
#ifndef TALLY_MATCH_H_
#define TALLY_MATCH_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Exit statuses of the program, as values. */
enum {
  TALLY_YES = 0,           /* authentic, allowed and equal */
  TALLY_NO = 1,            /* the answer says what is not */
  TALLY_BAD_REQUEST = 2,   /* the request contradicts itself */
  TALLY_BAD_INPUT = 3,     /* evidence, measurements or policy are malformed */
  TALLY_SYSTEM_FAILURE = 4 /* out of memory */
};

/* Bytes that the caller owns and that must last as long as the call. */
typedef struct tally_bytes {
  const uint8_t* data;
  size_t size_bytes;
} tally_bytes;

/* A file of the collateral; `name` is for error text. */
typedef struct tally_file {
  const char* name;
  tally_bytes contents;
} tally_file;

/* Begin with TALLY_MATCH_REQUEST_INIT; what is left zero is not given. Texts
 * are UTF-8 and end with a zero. */
typedef struct tally_match_request {
  size_t struct_size_bytes; /* sizeof(tally_match_request) */
  tally_bytes evidence;     /* raw, hexadecimal or base64; required */
  const char* kind;         /* "snp", "tdx" ...; null: by its form */
  /* One of the two is required. */
  const char* measurements_json; /* a release's measurements.json */
  const char* measurement;       /* "HEX", or "REGISTER=HEX,..." */
  const char* policy_yaml;       /* null: the defaults */
  tally_bytes nonce;             /* data null: not compared */
  tally_bytes report_data;       /* likewise */
  const tally_file* collateral;
  size_t num_collateral;
  int64_t at; /* seconds since 1970; required, the clock is not read */
} tally_match_request;

#define TALLY_MATCH_REQUEST_INIT \
  { sizeof(tally_match_request) }

/* tally_match returns one of the statuses above. `*answer` becomes a JSON text
 * that the caller frees with tally_free(): for TALLY_YES and TALLY_NO the
 * record of docs/schemas/output-match.schema.json (its "nearest" is null), else
 * {"error": "..."}; null if there is no memory for it. `answer` may be null. */
int tally_match(const tally_match_request* request, char** answer);

/* tally_free frees an answer; null is ignored. */
void tally_free(char* answer);

/* tally_version returns the version of the library, "0.1.0". Static. */
const char* tally_version(void);

#ifdef __cplusplus
}
#endif

#endif /* TALLY_MATCH_H_ */
