import BoundaryText

/// What a mistyped text may have meant.
enum Nearest {
    /// The texts that are nearest, best first; none when all are far.
    static func texts(to typed: String, among texts: [String], most: Int = 3) -> [String] {
        let wanted = typed.lowercased()
        var seen: Set<String> = []
        let ranked = texts.filter { seen.insert($0).inserted }.compactMap { text -> (distance: Int, text: String)? in
            let candidate = text.lowercased()
            let distance = distance(wanted, candidate)
            if distance <= max(1, min(3, wanted.utf8.count / 3)) { return (distance, text) }
            // What was typed may be a part of it.
            return wanted.utf8.count > 2 && candidate.utf8.contains(wanted) ? (10, text) : nil
        }
        // Of those that are as near, what begins like it comes first.
        func rank(_ entry: (distance: Int, text: String)) -> (Int, Int, String) {
            (entry.distance, entry.text.lowercased().utf8.hasPrefix(wanted) ? 0 : 1, entry.text)
        }
        return ranked.sorted { rank($0) < rank($1) }.prefix(most).map(\.text)
    }

    /// Several as a part of a sentence: a, b or c.
    static func sentence(_ texts: [String]) -> String {
        guard let last = texts.last, texts.count > 1 else { return texts.first ?? "" }
        return texts.dropLast().joined(separator: ", ") + " or " + last
    }

    /// How many letters have to be added, removed, replaced or swapped with their neighbour.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
        // Names can be long; what differs by so much is not near anyway.
        guard left.count < 200, right.count < 200 else { return .max }
        var before: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var next = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(next[column], last[column + 1]) + 1
                best = min(best, last[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, before[column - 1] + 1)
                }
                next.append(best)
            }
            (before, last) = (last, next)
        }
        return last[right.count]
    }
}
