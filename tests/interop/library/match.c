/* usage: match_c EVIDENCE MEASUREMENT AT
 *
 * Asks the C interface and prints its answer; the exit status is its status. */
#include <stdio.h>
#include <stdlib.h>
#include <tally_match.h>

static uint8_t evidence[1 << 20];

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  FILE* file = fopen(argv[1], "rb");
  if (file == NULL) return 65;
  size_t size_bytes = fread(evidence, 1, sizeof evidence, file);
  fclose(file);

  tally_match_request request = TALLY_MATCH_REQUEST_INIT;
  request.evidence.data = evidence;
  request.evidence.size_bytes = size_bytes;
  request.measurement = argv[2];
  request.at = strtoll(argv[3], NULL, 10);
  char* answer = NULL;
  int status = tally_match(&request, &answer);
  printf("%s\n", answer != NULL ? answer : "");
  tally_free(answer);
  return status;
}
