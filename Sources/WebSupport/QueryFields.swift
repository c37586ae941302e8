import Foundation
import HummingbirdCore

extension URI {
    /// The parameters of the query as browsers and programs write them: percent-encoded, and a plus for a space. Of several
    /// with one name the last counts.
    public var fields: [String: String] {
        var fields: [String: String] = [:]
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { $0.replacing("+", with: " ").removingPercentEncoding ?? String($0) }
            fields[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return fields
    }
}
