import BoundaryText
import Foundation
import HummingbirdCore

extension URI {
    /// The parameters of the query as browsers and programs write them: percent-encoded, and a plus for a space. Of several
    /// with one name the last counts.
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
