#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kiln/Statistics.h"

namespace kiln {
namespace {

Statistics sample() {
  Statistics all;
  all.ladder = "O0,O2@100";
  all.functionsInProgram = 9;
  all.compiles = 3;
  all.compileNs = 4500000;
  all.codeBytes = 700;
  all.codeSpaceUsed = 900;
  all.codeSpaceLimit = 1000;
  all.requests = 5;
  all.requestsDropped = 1;
  all.requestsCancelled = 2;
  all.requestsFailed = 4;
  all.queueHighWater = 6;
  all.compileThreads = 7;
  all.runNs = 8000000;
  all.peakMemoryBytes = 3 << 20;
  all.codeSpace.limit = 1000;
  all.codeSpace.code = 600;
  all.codeSpace.constants = 200;
  all.codeSpace.data = 100;
  all.codeSpace.supersededBytes = 31;
  all.codeSpace.waitingBytes = 32;
  all.codeSpace.freedBytes = 33;
  all.codeSpace.versionsRetired = 34;
  all.codeSpace.versionsFreed = 35;
  all.codeSpace.rounds = 36;
  all.codeSpace.postponed = {{"someone is there", 37}};
  all.codeSpace.limitReached = true;
  all.codeSpace.promotionsRefused = 38;
  all.interpreter = {11, 12, 13, 14};
  all.baseline = {21, 22, 23000000, 24};
  all.refusals = {{Tier::Interpreter, "scalable vectors", 2}};
  CacheStatistics& cache = all.cache;
  cache.on = true;
  cache.folder = "/somewhere";
  cache.writesOffBecause = "no room";
  cache.hits = 41;
  cache.misses = 42;
  cache.damaged = 43;
  cache.installed = 44;
  cache.lookupNs = 45;
  cache.savedNs = 46000000;
  cache.bytesRead = 47;
  cache.written = 48;
  cache.bytesWritten = 49;
  cache.writeFailures = 50;
  cache.dropped = 51;
  cache.evicted = 52;
  cache.profileFunctions = 53;
  cache.baselineFound = 58;
  cache.baselineMade = 59;
  cache.baselineSavedNs = 60;
  cache.startFound = true;
  cache.remote = true;
  cache.remoteAway = "no answer";
  cache.remoteFailures = 54;
  cache.fetched = 55;
  cache.sent = 56;
  cache.wrongTags = 57;
  FunctionStatistics hot;
  hot.name = "hot";
  hot.tier = Tier::O2;
  hot.calls = 101;
  hot.loops = 77;
  hot.versions = {{Tier::O0, 1, 2, 3, 4, 50, 60, 0}, {Tier::O2, 1000000, 500000, 250000, 250000, 400, 70, 101}};
  FunctionStatistics bad;
  bad.name = "bad\xff\"name"; // not UTF-8: symbol names are bytes
  bad.held = true;
  bad.failures = 2;
  bad.lastFailure = "out of space";
  all.functions = {hot, bad};
  return all;
}

std::vector<std::string> keys(const nlohmann::ordered_json& object) {
  std::vector<std::string> names;
  for (const auto& [key, value] : object.items())
    names.push_back(key);
  return names;
}

TEST(Statistics, JsonHasExactlyTheFieldsOfItsSchema) {
  auto json = nlohmann::ordered_json::parse(sample().json());
  EXPECT_EQ(json["schema"], "kiln-stats");
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(keys(json), (std::vector<std::string>{"schema", "schema_version", "ladder", "totals", "code_space", "exits", "interpreter",
                                                  "baseline", "refusals", "cache", "functions"}));
  EXPECT_EQ(keys(json["exits"]), (std::vector<std::string>{"sites", "reasons", "forced", "rebuilds", "left_alone"}));
  EXPECT_EQ(keys(json["cache"]),
            (std::vector<std::string>{"on", "folder", "off_because", "writes_off_because", "hits", "misses", "damaged", "installed",
                                      "lookup_ns", "saved_ns", "bytes_read", "written", "bytes_written", "write_failures",
                                      "dropped", "evicted", "profile_functions", "baseline_found", "baseline_made",
                                      "baseline_saved_ns", "start_found", "remote"}));
  EXPECT_EQ(keys(json["cache"]["remote"]), (std::vector<std::string>{"away", "failures", "fetched", "sent", "wrong_tags"}));
  EXPECT_EQ(keys(json["code_space"]),
            (std::vector<std::string>{"limit", "code", "constants", "data", "superseded", "waiting", "freed",
                                      "versions_retired", "versions_freed", "rounds", "postponed", "limit_reached",
                                      "promotions_refused"}));
  EXPECT_EQ(keys(json["totals"]),
            (std::vector<std::string>{"functions_in_program", "functions_reached", "compiles", "compile_ns", "code_bytes",
                                      "code_space_used", "code_space_limit", "requests", "requests_dropped",
                                      "requests_cancelled", "requests_failed", "queue_high_water", "compile_threads",
                                      "run_ns", "peak_memory_bytes"}));
  EXPECT_EQ(keys(json["functions"][0]),
            (std::vector<std::string>{"name", "tier", "calls", "loops", "held", "osr_transfers", "failures", "versions_forgotten",
                                      "versions"}));
  EXPECT_EQ(keys(json["functions"][0]["versions"][0]),
            (std::vector<std::string>{"tier", "prepare_ns", "passes_ns", "codegen_ns", "link_ns", "code_bytes",
                                      "published_at_ns", "calls_before", "retired", "cached"}));
}

TEST(Statistics, JsonCarriesTheValues) {
  auto json = nlohmann::json::parse(sample().json());
  EXPECT_EQ(json["ladder"], "O0,O2@100");
  EXPECT_EQ(json["totals"],
            nlohmann::json::parse(R"({"functions_in_program":9,"functions_reached":2,"compiles":3,"compile_ns":4500000,
              "code_bytes":700,"code_space_used":900,"code_space_limit":1000,"requests":5,"requests_dropped":1,
              "requests_cancelled":2,"requests_failed":4,"queue_high_water":6,"compile_threads":7,"run_ns":8000000,
              "peak_memory_bytes":3145728})"));
  EXPECT_EQ(json["code_space"],
            nlohmann::json::parse(R"({"limit":1000,"code":600,"constants":200,"data":100,"superseded":31,"waiting":32,
              "freed":33,"versions_retired":34,"versions_freed":35,"rounds":36,
              "postponed":[{"reason":"someone is there","rounds":37}],"limit_reached":true,"promotions_refused":38})"));
  EXPECT_EQ(json["interpreter"],
            nlohmann::json::parse(R"({"functions":11,"instructions":12,"prepare_ns":14,"decode_ns":13})"));
  EXPECT_EQ(json["baseline"],
            nlohmann::json::parse(R"({"functions":21,"instructions":22,"compile_ns":23000000,"code_bytes":24})"));
  EXPECT_EQ(json["refusals"],
            nlohmann::json::parse(R"([{"tier":"interpreter","reason":"scalable vectors","functions":2}])"));
  EXPECT_EQ(json["cache"],
            nlohmann::json::parse(R"({"on":true,"folder":"/somewhere","off_because":"","writes_off_because":"no room","hits":41,
              "misses":42,"damaged":43,"installed":44,"lookup_ns":45,"saved_ns":46000000,"bytes_read":47,"written":48,
              "bytes_written":49,"write_failures":50,"dropped":51,"evicted":52,"profile_functions":53,
              "baseline_found":58,"baseline_made":59,"baseline_saved_ns":60,"start_found":true,
              "remote":{"away":"no answer","failures":54,"fetched":55,"sent":56,"wrong_tags":57}})"));
  EXPECT_EQ(json["functions"][0]["tier"], "O2");
  EXPECT_EQ(json["functions"][0]["calls"], 101);
  EXPECT_EQ(json["functions"][0]["versions"][1],
            nlohmann::json::parse(R"({"tier":"O2","prepare_ns":1000000,"passes_ns":500000,"codegen_ns":250000,
              "link_ns":250000,"code_bytes":400,"published_at_ns":70,"calls_before":101,"retired":false,"cached":false})"));
  EXPECT_TRUE(json["functions"][1]["tier"].is_null());
  EXPECT_EQ(json["functions"][1]["held"], true);
  EXPECT_EQ(json["functions"][1]["last_failure"], "out of space");
}

TEST(Statistics, TableShowsWhatPeopleLookFor) {
  std::string table = sample().table();
  for (const char* part : {"ladder O0,O2@100", "hot", "O2: 2.00, 400", "failed 2 times: out of space",
                           "2 of 9 functions reached", "1 dropped", "2 cancelled", "4 failed", "high water 6", "3.0 MiB",
                           "600 bytes of code, 200 of constants, 100 of data; 31 superseded, 32 to be freed",
                           "36 rounds; 35 of 34 retired versions freed, 33 bytes",
                           "postponed 37 times: someone is there",
                           "limit of 1000 bytes was reached, 38 promotions refused",
                           "cache: 41 of 83 lookups found, 44 installed ahead, 43 damaged; 48 written, 101 not",
                           "saved compiles of 46.00 ms", "52 files evicted", "nothing more is written: no room",
                           "shared: 55 fetched, 56 sent, 57 with a wrong tag, 54 failures; away: no answer",
                           "baseline: 21 functions of 22 instructions compiled in 23.00 ms, 24 bytes"})
    EXPECT_NE(table.find(part), std::string::npos) << part << " is not in\n" << table;
}

TEST(Statistics, ACacheThatIsOffOrNotUsable) {
  Statistics all = sample();
  all.cache.offBecause = "others may write to the folder";
  EXPECT_NE(all.table().find("cache: off, /somewhere: others may write to the folder"), std::string::npos) << all.table();
  all.cache = {};
  EXPECT_EQ(all.table().find("cache"), std::string::npos) << all.table();
  EXPECT_EQ(nlohmann::json::parse(all.json())["cache"], nlohmann::json::parse(R"({"on":false})"));
}

TEST(Statistics, WhyNothingIsFreed) {
  Statistics all = sample();
  EXPECT_FALSE(nlohmann::json::parse(all.json())["code_space"].contains("retirement_off"));
  all.codeSpace.retirementOff = "for a reason";
  EXPECT_EQ(nlohmann::json::parse(all.json())["code_space"]["retirement_off"], "for a reason");
  EXPECT_NE(all.table().find("retirement: off, for a reason"), std::string::npos) << all.table();
}

TEST(Statistics, ContinuationsNameTheirLoop) {
  Statistics all = sample();
  all.functions[0].osrTransfers = 3;
  all.functions[0].versions[1].loop = 12;
  auto json = nlohmann::json::parse(all.json());
  EXPECT_EQ(json["functions"][0]["osr_transfers"], 3);
  EXPECT_EQ(json["functions"][0]["versions"][1]["loop"], 12);
  EXPECT_FALSE(json["functions"][0]["versions"][0].contains("loop"));
  EXPECT_NE(all.table().find("O2 loop 12: 2.00, 400"), std::string::npos) << all.table();
}

TEST(Statistics, TableIsCutAtItsRows) {
  Statistics all = sample();
  all.functions.resize(7, all.functions.front());
  std::string table = all.table(3);
  EXPECT_NE(table.find("... and 4 more functions"), std::string::npos) << table;
  EXPECT_EQ(all.table(7).find("more functions"), std::string::npos);
}

TEST(Statistics, LongNamesKeepTheColumns) {
  Statistics all;
  FunctionStatistics function;
  function.name = std::string(300, 'n');
  all.functions = {function};
  std::string table = all.table();
  EXPECT_EQ(table.find(std::string(29, 'n')), std::string::npos);
  EXPECT_NE(table.find("nnn..."), std::string::npos);
}

} // namespace
} // namespace kiln
