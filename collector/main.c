/* main.c - the collector's command line. One thread: it reads, parses and commits. */
#include <signal.h>

#include "base/mem.h"
#include "collector/ingest.h"
#include "collector/talk.h"

#define VERSION "gpca-collector 0.1.0"

static volatile sig_atomic_t stop_requested;

static void request_stop(int number)
{
    (void)number;
    stop_requested = 1;
}

static const char usage_text[] =
    "usage: collector ingest --store DIR [--format auto|gpc-audit|ssp-csv|asid-csv|mesh-csv]\n"
    "                        [--json] [FILE|DIR|-]...\n"
    "       collector --help | --version\n"
    "\n"
    "Takes audit records (lines of JSON, the NHS SSP and MESH transaction CSVs, ASID lookup\n"
    "CSVs as reference data; all of them gzip'ed or not) into the store, which it makes on\n"
    "first use. The same content is taken once; a file that grew is continued.\n"
    "\n"
    "  --store DIR     the store\n"
    "  --format F      what the inputs are; auto (the default) tells by their content\n"
    "  --json          print one JSON object instead of a sentence\n"
    "\n"
    "Exit status: 0 done, 1 an input or the store failed or it was stopped, 2 usage.\n";

static int usage(const char *what, const char *word)
{
    talk("%s%s%s", what, *word ? " " : "", word);
    fputs("try: collector --help\n", stderr);
    return 2;
}

static bool known_format(const char *name)
{
    static const char *const known[] = {"auto", "gpc-audit", "ssp-csv", "asid-csv",
                                        "mesh-csv"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

/* The options of ingest; paths are moved to the front of argv. 0, or an exit status. */
static int parse_ingest(struct ingest_options *o, int argc, char **argv)
{
    bool words = false;

    o->path = argv;
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        const char **value = strcmp(word, "--store") == 0    ? &o->store
                             : strcmp(word, "--format") == 0 ? &o->format
                                                             : NULL;

        if (words || word[0] != '-' || word[1] == '\0')
            argv[o->paths++] = word;
        else if (strcmp(word, "--") == 0)
            words = true;
        else if (strcmp(word, "--json") == 0)
            o->json = true;
        else if (!value)
            return usage("there is no option", word);
        else if (i + 1 == argc)
            return usage("a value is missing behind", word);
        else
            *value = argv[++i];
    }
    if (!o->store)
        return usage("--store DIR is missing", "");
    if (!known_format(o->format))
        return usage("there is no format", o->format);
    if (o->paths == 0)
        return usage("no FILE, directory or - is given", "");
    return 0;
}

int main(int argc, char **argv)
{
    struct ingest_options o = {.format = "auto", .stop = &stop_requested};
    struct sigaction action = {.sa_handler = request_stop};
    int rc;

    mem_keep();
    if (argc < 2)
        return usage("no command is given", "");
    if (strcmp(argv[1], "--version") == 0)
        return puts(VERSION) < 0;
    if (strcmp(argv[1], "--help") == 0 ||
        (argc > 2 && strcmp(argv[1], "ingest") == 0 && strcmp(argv[2], "--help") == 0))
        return fputs(usage_text, stdout) < 0;
    if (strcmp(argv[1], "ingest") != 0)
        return usage("there is no command", argv[1]);
    if ((rc = parse_ingest(&o, argc - 2, argv + 2)) != 0)
        return rc;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_DFL);
    return ingest_run(&o);
}
