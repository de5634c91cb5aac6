# Programs that some tests need: Chromium (the page), LibreOffice Calc (the formula workbook), and, where node and npm
# are, the checks of the scripts. They are installed if the user may do so. Otherwise a line says what to install, and
# those tests are skipped.
scripts=tests/scripts
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "node and npm are not installed, so the checks of the scripts are skipped: apt-get install nodejs npm"
elif [ ! $scripts/node_modules/.package-lock.json -nt $scripts/package-lock.json ]; then
  echo "Installing typescript and eslint into $scripts for the checks of the scripts"
  timeout 300 npm ci --silent --prefix $scripts \
    || echo "typescript and eslint are not installed, so types and lint of the scripts are skipped: npm ci --prefix $scripts"
fi
missing=""
command -v chromium >/dev/null || missing="chromium"
command -v soffice >/dev/null || missing="$missing libreoffice-calc"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing $missing for the tests of the page and of the workbook"
  { timeout 600 apt-get -qq update && DEBIAN_FRONTEND=noninteractive timeout 1200 apt-get -qq -y \
    --no-install-recommends install $missing; } >/dev/null 2>&1
fi
for package in $missing; do
  command -v "$(echo $package | sed s/libreoffice-calc/soffice/)" >/dev/null \
    || echo "$package is not installed, so some tests are skipped: apt-get install $package"
done
exit 0
