#!/bin/sh
# build.sh - dist/report.css out of src/ and nhsuk-frontend: `npm ci && npm run build`, for
# maintainers. The C build takes dist/ as it is committed. Nothing in it may ask a host for
# anything, so a style with an address in it is no result.
set -e
cd "$(dirname "$0")"
mkdir -p dist
printf '/*! nhsuk-frontend 10.6.1, MIT Licence, see dashboards/dist/LICENCE-nhsuk-frontend.txt */\n' >dist/report.css
node_modules/.bin/sass --load-path=node_modules/nhsuk-frontend/dist --style=compressed \
    --no-source-map --no-charset src/report.scss >>dist/report.css
if grep -E 'https?:|url\(|@import' dist/report.css; then
    echo "dist/report.css names an address" >&2
    exit 1
fi
wc -c dist/report.css
