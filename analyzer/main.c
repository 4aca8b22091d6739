/* main.c - the analyzer's command line. One thread; it never writes the store. */
#include <signal.h>

#include "analyzer/commands.h"

#define VERSION "gpca-analyzer 0.1.0"

static const char usage_text[] =
    "usage: analyzer query  --store DIR [--patient NHS|-] [--user KEY] [--org ODS]\n"
    "                       [--practice ODS] [--trace ID] [--since T] [--until T]\n"
    "                       [--limit N] [--columns LIST] [--format table|csv|json|ndjson]\n"
    "                       [--reveal --reason TEXT] [--state DIR]\n"
    "       analyzer query  --store DIR --sql SELECT [--limit N] [--format F] ...\n"
    "       analyzer show   --store DIR SEQ|FIRST..LAST [--raw | --decoded | --proof]\n"
    "                       [--reveal] [--reason TEXT] [--state DIR]\n"
    "       analyzer verify --store DIR [--vkey KEY] [--json]\n"
    "       analyzer tiles  --store DIR --out DIR\n"
    "       analyzer rules  check|list|test|explain [--rules DIR] [--events FILE]\n"
    "       analyzer detect --store DIR [--rules DIR] [--reference DIR] [--state DIR]\n"
    "                       [--since T] [--until T] [--format table|json|ndjson]\n"
    "                       [--summary FILE] [--reveal --reason TEXT]\n"
    "       analyzer reference load|list|check [DIR] --state DIR\n"
    "       analyzer report NAME --store DIR --period 2026-10|2026-Q3|FROM..TO --out DIR\n"
    "                       [--practice ODS] [--org ODS] [--patient NHS|-] [--state DIR]\n"
    "                       [--format html,csv,json] [--names yes|no --decision TEXT]\n"
    "                       [--reveal --reason TEXT]\n"
    "       analyzer stats  --store DIR [--json]\n"
    "       analyzer access --store DIR | --state DIR [--since T] [--until T] [--limit N]\n"
    "                       [--columns LIST] [--format F]\n"
    "       analyzer --help | --version\n"
    "\n"
    "query   records, NHS numbers masked; selectors combine with AND\n"
    "show    one record or a range; --raw the original bytes, --proof a proof file\n"
    "verify  every byte, the Merkle tree and the signed heads; exit 1 on a fault\n"
    "tiles   checkpoint, tiles and entries for the verifiers of others\n"
    "stats   records and bytes\n"
    "rules   check, list and try the rules; detect runs them and remembers its alerts\n"
    "report  overview, patient-access, jwt-conformance, failed-requests\n"
    "access  who asked what: every query and show is logged before it is answered\n"
    "\n"
    "T is RFC 3339 or YYYY-MM-DD (midnight in London); --since is included, --until is not.\n"
    "--patient - reads the number from standard input.\n"
    "Exit status: 0 done, 1 something failed or a check found a fault, 2 usage.\n";

int main(int argc, char **argv)
{
    struct options o;
    int rc;

    signal(SIGPIPE, SIG_DFL);
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return puts(VERSION) < 0;
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return fputs(usage_text, stdout) < 0;
    if ((rc = options_parse(&o, argc, argv)) != 0)
        return rc;
    if (o.help)
        return fputs(usage_text, stdout) < 0;
    switch (o.command) {
    case COMMAND_QUERY:
    case COMMAND_ACCESS:
        rc = query_run(&o);
        break;
    case COMMAND_RULES:
        rc = rules_run(&o);
        break;
    case COMMAND_DETECT:
        rc = detect_run(&o);
        break;
    case COMMAND_REFERENCE:
        rc = reference_run(&o);
        break;
    case COMMAND_REPORT:
        rc = report_run(&o);
        break;
    case COMMAND_SHOW:
        rc = show_run(&o);
        break;
    case COMMAND_VERIFY:
        rc = verify_run(&o);
        break;
    case COMMAND_TILES:
        rc = tiles_run(&o);
        break;
    case COMMAND_STATS:
        rc = stats_run(&o);
        break;
    }
    if (fflush(stdout) != 0 || ferror(stdout))
        return complain("cannot write the answer");
    return rc;
}
