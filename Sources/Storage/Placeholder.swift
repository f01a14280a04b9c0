internal import GRDB
let placeholder = SQLITE_VERSION
