// Inner objects of documents of Intel's Provisioning Certification Service, in
// their form but with few levels and values of their own.
#pragma once

#include <string>

namespace tally::test {

inline const std::string kTdxTcbInfo =
    R"({"id":"TDX","version":3,"issueDate":"2025-06-19T10:16:03Z",)"
    R"("nextUpdate":"2025-07-19T10:16:03Z","fmspc":"B0C06F000000",)"
    R"("pceId":"0100","tcbType":0,"tcbEvaluationDataNumber":17,)"
    R"("tdxModule":{"mrsigner":")" +
    std::string(95, '0') +
    R"(1","attributes":"0000000000000000",)"
    R"("attributesMask":"FFFFFFFFFFFFFFFF"},)"
    R"("tdxModuleIdentities":[{"id":"TDX_01","mrsigner":")" +
    std::string(96, '0') +
    R"(","attributes":"0000000000000000",)"
    R"("attributesMask":"FFFFFFFFFFFFFFFF","tcbLevels":[)"
    R"({"tcb":{"isvsvn":2},"tcbDate":"2023-08-09T00:00:00Z",)"
    R"("tcbStatus":"OutOfDate","advisoryIDs":["INTEL-SA-01036"]},)"
    R"({"tcb":{"isvsvn":4},"tcbDate":"2024-03-13T00:00:00Z",)"
    R"("tcbStatus":"UpToDate"}]}],"tcbLevels":[)"
    R"({"tcb":{"sgxtcbcomponents":[{"svn":2,"category":"BIOS",)"
    R"("type":"Early Microcode Update"},{"svn":2},{"svn":2},{"svn":2},)"
    R"({"svn":3},{"svn":1},{"svn":0},{"svn":5},{"svn":0},{"svn":0},{"svn":0},)"
    R"({"svn":0},{"svn":0},{"svn":0},{"svn":0},{"svn":0}],"pcesvn":5,)"
    R"("tdxtcbcomponents":[{"svn":5},{"svn":0},{"svn":2},{"svn":0},{"svn":0},)"
    R"({"svn":0},{"svn":0},{"svn":0},{"svn":0},{"svn":0},{"svn":0},{"svn":0},)"
    R"({"svn":0},{"svn":0},{"svn":0},{"svn":0}]},)"
    R"("tcbDate":"2018-01-04T00:00:00Z","tcbStatus":"OutOfDate",)"
    R"("advisoryIDs":["INTEL-SA-00106","INTEL-SA-00115"]},)"
    R"({"tcb":{"sgxtcbcomponents":[{"svn":2},{"svn":2},{"svn":2},{"svn":2},)"
    R"({"svn":3},{"svn":1},{"svn":0},{"svn":5},{"svn":0},{"svn":0},{"svn":0},)"
    R"({"svn":0},{"svn":0},{"svn":0},{"svn":0},{"svn":0}],"pcesvn":11,)"
    R"("tdxtcbcomponents":[{"svn":5},{"svn":0},{"svn":2},{"svn":0},{"svn":0},)"
    R"({"svn":0},{"svn":0},{"svn":0},{"svn":0},{"svn":0},{"svn":0},{"svn":0},)"
    R"({"svn":0},{"svn":0},{"svn":0},{"svn":0}]},)"
    R"("tcbDate":"2024-03-13T00:00:00Z","tcbStatus":"UpToDate"}]})";

inline const std::string kTdQeIdentity =
    R"({"id":"TD_QE","version":2,"issueDate":"2025-06-19T10:32:27Z",)"
    R"("nextUpdate":"2025-07-19T10:32:27Z","tcbEvaluationDataNumber":18,)"
    R"("miscselect":"00010000","miscselectMask":"FEFFFFFF",)"
    R"("attributes":"11000000000000000000000000000000",)"
    R"("attributesMask":"FBFFFFFFFFFFFFFF0000000000000000","mrsigner":)"
    R"("DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5",)"
    R"("isvprodid":2,"tcbLevels":[)"
    R"({"tcb":{"isvsvn":3},"tcbDate":"2023-03-13T00:00:00Z",)"
    R"("tcbStatus":"OutOfDate","advisoryIDs":["INTEL-SA-00477"]},)"
    R"({"tcb":{"isvsvn":4},"tcbDate":"2024-03-13T00:00:00Z",)"
    R"("tcbStatus":"UpToDate"}]})";

}  // namespace tally::test
