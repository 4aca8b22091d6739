# story.awk - calls with planted misuse, and oddities that are innocent, for the demo and its
# test: lines of JSON. Every person and number is made up (numbers of the 999 range).
#   awk -v seed=1 -f tests/story.awk
BEGIN {
    srand(seed)
    for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    day = 14; seq = 0; salt = int(rand() * 100000)

    # A person opens the records of seventy patients within an hour.
    person("200900000001", "Nosey", "Nora", "ZR901")
    for (i = 0; i < 70; i++) call(9 * 3600 + i * 45, patient(i), "read", 200, "")
    # A person tries out numbers that lead to nobody.
    person("200900000002", "Guesser", "Gus", "ZR902")
    for (i = 0; i < 24; i++) call(10 * 3600 + i * 60, patient(1000 + i), "read", 404, "PATIENT_NOT_FOUND")
    # A patient refuses; a colleague opens the record all the same.
    person("200900000003", "Refused", "Rae", "ZR903")
    call(11 * 3600, patient(2000), "read", 403, "NO_PATIENT_CONSENT")
    person("200900000004", "Anyway", "Ann", "ZR903")
    call(12 * 3600, patient(2000), "read", 200, "")
    # Sensitive data outside of a transfer.
    person("200900000005", "Sharp", "Sam", "ZR904")
    scope = "patient/*.read conf/R"
    call(13 * 3600, patient(2001), "read", 200, "")
    scope = ""
    # Appointments cancelled by the dozen.
    person("200900000006", "Cancel", "Cay", "ZR905")
    for (i = 0; i < 22; i++) call(14 * 3600 + i * 90, patient(3000 + i), "cancel", 200, "")
    # Documents carried off.
    person("200900000007", "Paper", "Pat", "ZR906")
    for (i = 0; i < 31; i++) call(15 * 3600 + i * 120, patient(4000), "binary", 200, "")
    # A record transferred to two practices.
    person("200900000008", "Mover", "Max", "ZR907"); reason = "migration"; scope = "patient/*.read conf/R"
    call(16 * 3600, patient(5000), "migrate", 200, "")
    person("200900000009", "Other", "Oli", "ZR908")
    call(16 * 3600 + 1800, patient(5000), "migrate", 200, "")
    reason = ""; scope = ""
    # Asked for without a relationship.
    person("200900000010", "Stranger", "Sid", "ZR909")
    call(17 * 3600, patient(6000), "read", 403, "NO_RELATIONSHIP")
    # One token sent by two systems.
    person("200900000011", "Copied", "Cam", "ZR910"); fixed = 1
    call(18 * 3600, patient(7000), "read", 200, "")
    asid = "300000000999"
    call(18 * 3600 + 60, patient(7001), "read", 200, "")
    asid = ""; fixed = 0
    # A purpose that is none.
    person("200900000012", "Study", "Sky", "ZR911"); reason = "research"
    call(19 * 3600, patient(8000), "read", 200, "")
    reason = ""

    # A call under the ASID of an organisation that is none of the caller's.
    person("200900000015", "Masque", "Mia", "ZR912"); asid = "300000000914"
    call(10 * 3600, patient(8100), "read", 200, "")
    asid = ""
    # At night, when the practice is closed.
    person("200900000016", "Owl", "Ona", "ZR913")
    for (i = 0; i < 4; i++) call(3600 + i * 300, patient(8200 + i), "read", 200, "")

    # Innocent: at night too, but the service is open around the clock.
    person("200900000017", "Lamp", "Lou", "ZR915")
    for (i = 0; i < 4; i++) call(3600 + i * 300, patient(8300 + i), "read", 200, "")
    # Innocent: the GP2GP adaptor, whose user is no person, takes over records.
    person("", "GP2GP", "Adaptor", "ZR920"); prefix = "System"; model = "Postman"
    issuer = "http://gpconnect-postman-url"; reason = "migration"; scope = "patient/*.read conf/R"
    for (i = 0; i < 80; i++) call(8 * 3600 + i * 30, patient(9000 + i), "migrate", 200, "")
    prefix = ""; issuer = ""; reason = ""; scope = ""
    # Innocent: the appointment checker makes a new subject for each request; ten clerks use it.
    model = "Appointment Checker"
    for (i = 0; i < 90; i++) {
        person("", "Desk", "Front", "ZR921"); user = "f0" sprintf("%030d", i + salt); clerk = i % 10
        call(8 * 3600 + i * 20, patient(9500 + i), "read", 200, "")
    }
    model = ""
    # Innocent: a busy clinic, sixty patients in an hour and not one more.
    person("200900000013", "Busy", "Bea", "ZR922")
    for (i = 0; i < 60; i++) call(9 * 3600 + i * 59, patient(9700 + i), "read", 200, "")
    # Innocent: a number mistyped three times.
    person("200900000014", "Typo", "Tim", "ZR923")
    for (i = 0; i < 3; i++) call(9 * 3600 + i * 60, patient(9800 + i), "read", 404, "PATIENT_NOT_FOUND")
}
function person(id, family, given, ods) { sds = id; last = family; first = given; org = ods; user = "u" id last }
function patient(n,   d, i, sum, c) {
    for (;; n += 40000) {
        d = sprintf("999%06d", (n * 7 + salt) % 1000000)
        sum = 0
        for (i = 1; i <= 9; i++) sum += substr(d, i, 1) * (11 - i)
        c = 11 - sum % 11
        if (c != 10) return d (c == 11 ? 0 : c)
    }
}
function encode(s,   out, i, a, b, c, n) {
    n = length(s)
    for (i = 1; i <= n; i += 3) {
        a = ord[substr(s, i, 1)]; b = i + 1 <= n ? ord[substr(s, i + 1, 1)] : 0
        c = i + 2 <= n ? ord[substr(s, i + 2, 1)] : 0
        out = out substr(letters, int(a / 4) + 1, 1) substr(letters, a % 4 * 16 + int(b / 16) + 1, 1)
        if (i + 1 <= n) out = out substr(letters, b % 16 * 4 + int(c / 64) + 1, 1)
        if (i + 2 <= n) out = out substr(letters, c % 64 + 1, 1)
    }
    return out
}
function call(s, nhs, what, status, spine,   iat, p, url, method, id, ids, made) {
    iat = 1776124800 + s # 2026-04-14, a Tuesday, at midnight UTC
    made = fixed ? 1776124800 + 18 * 3600 : iat
    url = "https://provider1.example.nhs.uk/Z90001/STU3/1/gpconnect/"
    method = "POST"; id = "fhir:operation:gpc.getstructuredrecord-1"
    if (what == "read") url = url "Patient/$gpc.getstructuredrecord"
    if (what == "migrate") { url = url "Patient/$gpc.migratestructuredrecord"; id = "fhir:operation:gpc.migratestructuredrecord-1" }
    if (what == "cancel") { url = url "Appointment/" seq; method = "PUT"; id = "fhir:rest:cancel:appointment-1" }
    if (what == "binary") { url = url "Binary/" seq; method = "GET"; id = "documents:fhir:rest:read:binary-1" }
    ids = sds ? "{\"system\":\"https://fhir.nhs.uk/Id/sds-user-id\",\"value\":\"" sds "\"},{\"system\":\"https://fhir.nhs.uk/Id/sds-role-profile-id\",\"value\":\"5" substr(sds, 2) "\"}" : "{\"system\":\"https://fhir.nhs.uk/Id/sds-user-id\",\"value\":\"UNK\"},{\"system\":\"https://local.example/Id/login\",\"value\":\"desk" clerk "@" org ".example\"}"
    p = "{\"iss\":\"" (issuer ? issuer : "https://story.example.nhs.uk") "\",\"sub\":\"" user "\",\"aud\":\"https://provider1.example.nhs.uk/Z90001/STU3/1/gpconnect\",\"exp\":" made + 300 ",\"iat\":" made ",\"reason_for_request\":\"" (reason ? reason : "directcare") "\",\"requested_scope\":\"" (scope ? scope : what == "cancel" ? "patient/*.write" : "patient/*.read") "\",\"requesting_device\":{\"resourceType\":\"Device\",\"identifier\":[{\"system\":\"https://story.example.nhs.uk/Id/device\",\"value\":\"D1\"}],\"model\":\"" (model ? model : "Careview") "\",\"version\":\"2.0.0\"},\"requesting_organization\":{\"resourceType\":\"Organization\",\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/ods-organization-code\",\"value\":\"" org "\"}],\"name\":\"Story Trust " substr(org, 3) "\"},\"requesting_practitioner\":{\"resourceType\":\"Practitioner\",\"id\":\"" user "\",\"identifier\":[" ids "],\"name\":[{\"family\":\"" last "\",\"given\":[\"" first "\"]" (prefix ? ",\"prefix\":[\"" prefix "\"]" : "") "}]}}"
    printf "{\"time\":\"2026-04-%02dT%02d:%02d:%02dZ\",\"source\":\"story\",\"seq\":%d,\"provider\":{\"ods\":\"Z90001\",\"asid\":\"200000000001\"},\"request\":{\"method\":\"%s\",\"url\":\"%s\",\"headers\":{\"Ssp-TraceID\":\"%08x-0000-4000-8000-%012x\",\"Ssp-From\":\"%s\",\"Ssp-To\":\"200000000001\",\"Ssp-InteractionID\":\"urn:nhs:names:services:gpconnect:%s\",\"Authorization\":\"Bearer %s.%s.\"}},\"patient\":{\"nhsNumber\":\"%s\"},\"response\":{\"status\":%d%s}}\n", day, int(s / 3600), int(s / 60) % 60, s % 60, seq, method, url, salt, seq, asid ? asid : "3000000009" substr(org, 4), id, encode("{\"alg\":\"none\",\"typ\":\"JWT\"}"), encode(p), nhs, status, spine ? ",\"outcome\":{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":\"forbidden\",\"details\":{\"coding\":[{\"system\":\"https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1\",\"code\":\"" spine "\"}]}}]}" : ""
    seq++
}
