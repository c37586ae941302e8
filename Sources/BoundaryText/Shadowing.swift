// Swift's text functions work on characters, which is wrong at a boundary, and some of its number conversions trap.
// These declarations shadow the standard library's in every file that imports this module; because warnings are errors,
// they cannot be used by accident. `scripts/lint` checks that all files import it.

extension String {
    @available(*, deprecated, message: "use utf8.count, unicodeScalars.count or, with the reason, characterCount")
    package var count: Int {
        characterCount
    }

    @available(*, deprecated, message: "use unicodeScalars.first or utf8.first")
    package var first: Character? {
        isEmpty ? nil : self[startIndex]
    }

    @available(*, deprecated, message: "use unicodeScalars.last or utf8.last")
    package var last: Character? {
        isEmpty ? nil : self[index(before: endIndex)]
    }

    @available(*, deprecated, message: "use utf8.hasPrefix or dropping(prefix:)")
    package func hasPrefix(_ prefix: some StringProtocol) -> Bool {
        utf8.starts(with: prefix.utf8)
    }

    @available(*, deprecated, message: "use utf8.hasSuffix or dropping(suffix:)")
    package func hasSuffix(_ suffix: some StringProtocol) -> Bool {
        utf8.reversed().starts(with: suffix.utf8.reversed())
    }

    @available(*, deprecated, message: "use utf8.contains")
    package func contains(_ text: some StringProtocol) -> Bool {
        utf8.contains(String(text))
    }

    @available(*, deprecated, message: "use utf8.contains or unicodeScalars.contains")
    package func contains(_ character: Character) -> Bool {
        utf8.contains(String(character))
    }

    @available(*, deprecated, message: "use unicodeScalars.contains(where:)")
    package func contains(where isWanted: (Character) throws -> Bool) rethrows -> Bool {
        try indices.contains { try isWanted(self[$0]) }
    }

    @available(*, deprecated, message: "use replacing(bytes:with:)")
    package func replacing(
        _ text: some StringProtocol, with replacement: some StringProtocol, maxReplacements: Int = .max
    ) -> String {
        replacing(bytes: String(text), with: String(replacement))
    }

    @available(*, deprecated, message: "use splitBytes(on:)")
    package func split(
        separator: Character, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [Substring] {
        Substring(self).splitBytes(
            on: String(separator), maxSplits: maxSplits, omittingEmpty: omittingEmptySubsequences)
    }

    @available(*, deprecated, message: "use splitBytes(on:)")
    package func split(
        separator: some StringProtocol, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [Substring] {
        Substring(self).splitBytes(
            on: String(separator), maxSplits: maxSplits, omittingEmpty: omittingEmptySubsequences)
    }

    @available(*, deprecated, message: "use splitScalars(where:), words or lines")
    package func split(
        maxSplits: Int = .max, omittingEmptySubsequences: Bool = true, whereSeparator: (Character) throws -> Bool
    ) rethrows -> [Substring] {
        try Array(self).split(
            maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences, whereSeparator: whereSeparator
        ).map { Substring(String($0)) }
    }

    @available(*, deprecated, message: "use cut(toBytes:) or cut(toScalars:)")
    package func prefix(_ length: Int) -> Substring {
        self[..<(index(startIndex, offsetBy: length, limitedBy: endIndex) ?? endIndex)]
    }

    @available(*, deprecated, message: "use utf8.suffix or unicodeScalars.suffix")
    package func suffix(_ length: Int) -> Substring {
        self[(index(endIndex, offsetBy: -length, limitedBy: startIndex) ?? startIndex)...]
    }

    @available(*, deprecated, message: "use dropping(prefix:)")
    package func dropFirst(_ length: Int = 1) -> Substring {
        self[(index(startIndex, offsetBy: length, limitedBy: endIndex) ?? endIndex)...]
    }

    @available(*, deprecated, message: "use dropping(suffix:)")
    package func dropLast(_ length: Int = 1) -> Substring {
        self[..<(index(endIndex, offsetBy: -length, limitedBy: startIndex) ?? startIndex)]
    }

    @available(*, deprecated, message: "use utf8.firstIndex")
    package func firstIndex(of character: Character) -> Index? {
        indices.first { self[$0] == character }
    }

    @available(*, deprecated, message: "use utf8.lastIndex")
    package func lastIndex(of character: Character) -> Index? {
        indices.last { self[$0] == character }
    }

    @available(*, deprecated, message: "use unicodeScalars.firstIndex(where:)")
    package func firstIndex(where isWanted: (Character) throws -> Bool) rethrows -> Index? {
        try indices.first { try isWanted(self[$0]) }
    }

    @available(*, deprecated, message: "use unicodeScalars.allSatisfy or utf8.allSatisfy")
    package func allSatisfy(_ isWanted: (Character) throws -> Bool) rethrows -> Bool {
        try indices.allSatisfy { try isWanted(self[$0]) }
    }

    @available(*, deprecated, message: "use unicodeScalars.filter")
    package func filter(_ isWanted: (Character) throws -> Bool) rethrows -> String {
        try indices.reduce(into: "") { if try isWanted(self[$1]) { $0.append(self[$1]) } }
    }
}

extension Substring {
    @available(*, deprecated, message: "use utf8.count, unicodeScalars.count or, with the reason, characterCount")
    package var count: Int {
        characterCount
    }

    @available(*, deprecated, message: "use unicodeScalars.first or utf8.first")
    package var first: Character? {
        isEmpty ? nil : self[startIndex]
    }

    @available(*, deprecated, message: "use unicodeScalars.last or utf8.last")
    package var last: Character? {
        isEmpty ? nil : self[index(before: endIndex)]
    }

    @available(*, deprecated, message: "use utf8.hasPrefix or dropping(prefix:)")
    package func hasPrefix(_ prefix: some StringProtocol) -> Bool {
        utf8.starts(with: prefix.utf8)
    }

    @available(*, deprecated, message: "use utf8.hasSuffix or dropping(suffix:)")
    package func hasSuffix(_ suffix: some StringProtocol) -> Bool {
        utf8.reversed().starts(with: suffix.utf8.reversed())
    }

    @available(*, deprecated, message: "use utf8.contains")
    package func contains(_ text: some StringProtocol) -> Bool {
        utf8.contains(String(text))
    }

    @available(*, deprecated, message: "use utf8.contains or unicodeScalars.contains")
    package func contains(_ character: Character) -> Bool {
        utf8.contains(String(character))
    }

    @available(*, deprecated, message: "use unicodeScalars.contains(where:)")
    package func contains(where isWanted: (Character) throws -> Bool) rethrows -> Bool {
        try indices.contains { try isWanted(self[$0]) }
    }

    @available(*, deprecated, message: "use replacing(bytes:with:)")
    package func replacing(
        _ text: some StringProtocol, with replacement: some StringProtocol, maxReplacements: Int = .max
    ) -> String {
        replacing(bytes: String(text), with: String(replacement))
    }

    @available(*, deprecated, message: "use splitBytes(on:)")
    package func split(
        separator: Character, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [Substring] {
        Substring(self).splitBytes(
            on: String(separator), maxSplits: maxSplits, omittingEmpty: omittingEmptySubsequences)
    }

    @available(*, deprecated, message: "use splitBytes(on:)")
    package func split(
        separator: some StringProtocol, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [Substring] {
        Substring(self).splitBytes(
            on: String(separator), maxSplits: maxSplits, omittingEmpty: omittingEmptySubsequences)
    }

    @available(*, deprecated, message: "use splitScalars(where:), words or lines")
    package func split(
        maxSplits: Int = .max, omittingEmptySubsequences: Bool = true, whereSeparator: (Character) throws -> Bool
    ) rethrows -> [Substring] {
        try Array(self).split(
            maxSplits: maxSplits, omittingEmptySubsequences: omittingEmptySubsequences, whereSeparator: whereSeparator
        ).map { Substring(String($0)) }
    }

    @available(*, deprecated, message: "use cut(toBytes:) or cut(toScalars:)")
    package func prefix(_ length: Int) -> Substring {
        self[..<(index(startIndex, offsetBy: length, limitedBy: endIndex) ?? endIndex)]
    }

    @available(*, deprecated, message: "use utf8.suffix or unicodeScalars.suffix")
    package func suffix(_ length: Int) -> Substring {
        self[(index(endIndex, offsetBy: -length, limitedBy: startIndex) ?? startIndex)...]
    }

    @available(*, deprecated, message: "use dropping(prefix:)")
    package func dropFirst(_ length: Int = 1) -> Substring {
        self[(index(startIndex, offsetBy: length, limitedBy: endIndex) ?? endIndex)...]
    }

    @available(*, deprecated, message: "use dropping(suffix:)")
    package func dropLast(_ length: Int = 1) -> Substring {
        self[..<(index(endIndex, offsetBy: -length, limitedBy: startIndex) ?? startIndex)]
    }

    @available(*, deprecated, message: "use utf8.firstIndex")
    package func firstIndex(of character: Character) -> Index? {
        indices.first { self[$0] == character }
    }

    @available(*, deprecated, message: "use utf8.lastIndex")
    package func lastIndex(of character: Character) -> Index? {
        indices.last { self[$0] == character }
    }

    @available(*, deprecated, message: "use unicodeScalars.firstIndex(where:)")
    package func firstIndex(where isWanted: (Character) throws -> Bool) rethrows -> Index? {
        try indices.first { try isWanted(self[$0]) }
    }

    @available(*, deprecated, message: "use unicodeScalars.allSatisfy or utf8.allSatisfy")
    package func allSatisfy(_ isWanted: (Character) throws -> Bool) rethrows -> Bool {
        try indices.allSatisfy { try isWanted(self[$0]) }
    }

    @available(*, deprecated, message: "use unicodeScalars.filter")
    package func filter(_ isWanted: (Character) throws -> Bool) rethrows -> String {
        try indices.reduce(into: "") { if try isWanted(self[$1]) { $0.append(self[$1]) } }
    }
}

extension Int {
    @available(*, deprecated, message: "use init(exactly:) or init(saturating:): this one traps")
    package init(_ number: Double) {
        self.init(saturating: number)
    }
}

extension Int64 {
    @available(*, deprecated, message: "use init(exactly:) or init(saturating:): this one traps")
    package init(_ number: Double) {
        self.init(saturating: number)
    }
}

extension Int32 {
    @available(*, deprecated, message: "use init(exactly:) or init(saturating:): this one traps")
    package init(_ number: Double) {
        self.init(saturating: number)
    }
}

extension UInt64 {
    @available(*, deprecated, message: "use init(exactly:) or init(saturating:): this one traps")
    package init(_ number: Double) {
        self.init(saturating: number)
    }
}

@available(*, deprecated, message: "use magnitude: of the smallest number this ends the program")
package func abs(_ number: Int) -> Int { number == .min ? .max : Swift.abs(number) }
