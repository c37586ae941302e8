import BoundaryText
import Foundation
import HummingbirdCore

extension URI {
    /// The query parameters in the encoding that browsers use: percent-encoded, with plus for a space. If a name is
    /// repeated, the last value counts.
    public var fields: [String: String] {
        var fields: [String: String] = [:]
        for pair in (query ?? "").splitBytes(on: "&") {
            let parts = pair.splitBytes(on: "=", maxSplits: 1, omittingEmpty: false)
                .map { $0.replacing(bytes: "+", with: " ").removingPercentEncoding ?? String($0) }
            fields[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return fields
    }
}
