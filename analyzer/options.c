/* options.c - see options.h. A word that is not known gets the nearest one as a hint. */
#include "analyzer/options.h"

#include <stddef.h>

#include "analyzer/complain.h"
#include "record/nhs_number.h"

static const struct {
    const char *name;
    enum command id;
    const char *word; /* what must stand without an option; NULL: nothing */
    const char *other; /* what may stand behind it */
} commands[] = {{"query", COMMAND_QUERY, NULL, NULL},
                {"show", COMMAND_SHOW, "SEQ or FIRST..LAST is", NULL},
                {"verify", COMMAND_VERIFY, NULL, NULL},
                {"stats", COMMAND_STATS, NULL, NULL},
                {"access", COMMAND_ACCESS, NULL, NULL},
                {"tiles", COMMAND_TILES, NULL, NULL},
                {"rules", COMMAND_RULES, "check, list, test or explain is", NULL},
                {"detect", COMMAND_DETECT, NULL, NULL},
                {"reference", COMMAND_REFERENCE, "load, list or check is", "DIR"},
                {"report", COMMAND_REPORT, "the report's name is", NULL}};

#define OF_STORE \
    (COMMAND_QUERY | COMMAND_SHOW | COMMAND_VERIFY | COMMAND_STATS | COMMAND_ACCESS | \
     COMMAND_TILES | COMMAND_DETECT | COMMAND_REPORT)
#define EVERY (OF_STORE | COMMAND_RULES | COMMAND_REFERENCE)

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct {
    const char *name;
    unsigned commands;
    bool flag;
    size_t offset;
} table[] = {
    {"--store", OF_STORE, false,
     offsetof(struct options, store)},
    {"--rules", COMMAND_RULES | COMMAND_DETECT | COMMAND_REPORT, false,
     offsetof(struct options, rules)},
    {"--events", COMMAND_RULES, false, offsetof(struct options, events)},
    {"--reference", COMMAND_DETECT | COMMAND_REPORT, false,
     offsetof(struct options, reference)},
    {"--summary", COMMAND_DETECT, false, offsetof(struct options, summary)},
    {"--period", COMMAND_REPORT, false, offsetof(struct options, period)},
    {"--names", COMMAND_REPORT, false, offsetof(struct options, names)},
    {"--decision", COMMAND_REPORT, false, offsetof(struct options, decision)},
    {"--patient", COMMAND_QUERY | COMMAND_REPORT, false, offsetof(struct options, patient)},
    {"--user", COMMAND_QUERY, false, offsetof(struct options, user)},
    {"--org", COMMAND_QUERY | COMMAND_REPORT, false, offsetof(struct options, org)},
    {"--practice", COMMAND_QUERY | COMMAND_REPORT, false,
     offsetof(struct options, practice)},
    {"--trace", COMMAND_QUERY, false, offsetof(struct options, trace)},
    {"--sql", COMMAND_QUERY, false, offsetof(struct options, sql)},
    {"--since", COMMAND_QUERY | COMMAND_ACCESS | COMMAND_DETECT, false,
     offsetof(struct options, since)},
    {"--until", COMMAND_QUERY | COMMAND_ACCESS | COMMAND_DETECT, false,
     offsetof(struct options, until)},
    {"--limit", COMMAND_QUERY | COMMAND_ACCESS, false, offsetof(struct options, limit)},
    {"--columns", COMMAND_QUERY | COMMAND_ACCESS, false,
     offsetof(struct options, columns)},
    {"--format", COMMAND_QUERY | COMMAND_ACCESS | COMMAND_DETECT | COMMAND_REPORT, false,
     offsetof(struct options, format)},
    {"--vkey", COMMAND_VERIFY, false, offsetof(struct options, vkey)},
    {"--out", COMMAND_TILES | COMMAND_REPORT, false, offsetof(struct options, out)},
    {"--state",
     COMMAND_QUERY | COMMAND_SHOW | COMMAND_ACCESS | COMMAND_DETECT | COMMAND_REFERENCE |
         COMMAND_REPORT, false, offsetof(struct options, state)},
    {"--reason", COMMAND_QUERY | COMMAND_SHOW | COMMAND_DETECT | COMMAND_REPORT, false,
     offsetof(struct options, reason)},
    {"--reveal", COMMAND_QUERY | COMMAND_SHOW | COMMAND_DETECT | COMMAND_REPORT, true,
     offsetof(struct options, reveal)},
    {"--raw", COMMAND_SHOW, true, offsetof(struct options, raw)},
    {"--decoded", COMMAND_SHOW, true, offsetof(struct options, decoded)},
    {"--proof", COMMAND_SHOW, true, offsetof(struct options, proof)},
    {"--json", COMMAND_VERIFY | COMMAND_STATS, true, offsetof(struct options, json)},
    {"--help", EVERY, true,
     offsetof(struct options, help)},
};

enum { OPTIONS = sizeof table / sizeof table[0], WORD_MAX = 32 };

/* Levenshtein's distance, of words short enough to be a mistyped one of ours. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t n = strlen(b);

    if (strlen(a) > WORD_MAX || n > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);

            corner = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[n];
}

static int usage(const char *what, const char *word, const char *hint)
{
    char text[512];

    snprintf(text, sizeof text, "%s %s%s%s%s", what, word, hint ? " (did you mean " : "",
             hint ? hint : "", hint ? "?)" : "");
    complain(text);
    fputs("try: analyzer --help\n", stderr);
    return 2;
}

static const char *nearest_command(const char *word)
{
    for (int i = 0; i < COMMANDS; i++)
        if (distance(word, commands[i].name) <= 2)
            return commands[i].name;
    return NULL;
}

static const char *nearest_option(const char *word, enum command c)
{
    for (int i = 0; i < OPTIONS; i++)
        if ((table[i].commands & c) && distance(word, table[i].name) <= 2)
            return table[i].name;
    return NULL;
}

static int find_option(const char *word, enum command c)
{
    for (int i = 0; i < OPTIONS; i++)
        if ((table[i].commands & c) && strcmp(word, table[i].name) == 0)
            return i;
    return -1;
}

static int parse_words(struct options *o, int command, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        int k = find_option(argv[i], o->command);
        char *place = (char *)o;

        if (k < 0 && argv[i][0] != '-' && commands[command].word && !o->word)
            o->word = argv[i];
        else if (k < 0 && argv[i][0] != '-' && commands[command].other && !o->other)
            o->other = argv[i];
        else if (k < 0)
            return usage("there is no option", argv[i], nearest_option(argv[i], o->command));
        else if (table[k].flag)
            *(bool *)(void *)(place + table[k].offset) = true;
        else if (i + 1 == argc)
            return usage("a value is missing behind", argv[i], NULL);
        else if (*(const char **)(void *)(place + table[k].offset))
            return usage("given twice:", argv[i], NULL);
        else
            *(const char **)(void *)(place + table[k].offset) = argv[++i];
    }
    return 0;
}

int options_parse(struct options *o, int argc, char **argv)
{
    int rc;

    memset(o, 0, sizeof *o);
    if (argc < 2)
        return usage("no command is", "given", NULL);
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        o->command = commands[i].id;
        if ((rc = parse_words(o, i, argc, argv)) != 0 || o->help)
            return rc;
        if (!o->store && (o->command & OF_STORE) &&
            !(o->command == COMMAND_ACCESS && o->state))
            return usage("--store DIR is", "missing", NULL);
        if (o->command == COMMAND_REFERENCE && !o->state)
            return usage("--state DIR is", "missing", NULL);
        if (o->command == COMMAND_REPORT && !o->period)
            return usage("--period is", "missing", NULL);
        if ((o->command & (COMMAND_TILES | COMMAND_REPORT)) && !o->out)
            return usage("--out DIR is", "missing", NULL);
        if (o->reveal && (!o->reason || !*o->reason))
            return usage("--reveal needs --reason TEXT", "", NULL);
        if (commands[i].word && !o->word)
            return usage(commands[i].word, "missing", NULL);
        return 0;
    }
    return usage("there is no command", argv[1], nearest_command(argv[1]));
}

bool options_patient(const struct options *o, struct str *number, struct arena *arena)
{
    struct str text = str_of(o->patient ? o->patient : "");
    char line[128];

    if (str_equal(text, STR("-"))) {
        if (!fgets(line, sizeof line, stdin))
            return false;
        line[strcspn(line, "\r\n")] = '\0';
        text = str_of(line);
    }
    *number = nhs_number_plain(text, arena);
    return true;
}
