import BoundaryText
import Foundation

/// What ConnectWise sends when a ticket changes: a hint to look at it. Any member may be missing, and the case of names
/// differs between versions.
struct Callback: Sendable, Equatable {
    /// What a callback says happened.
    enum Action: String, Sendable {
        case added
        case updated
        case deleted
    }

    let action: String?
    let type: String?
    let record: String?
    let company: String?
    let messageID: String?
    /// Where the signing key is, as the callback claims.
    let keyURL: String?

    /// Nil for anything but a JSON object.
    init?(_ body: Data) {
        guard let decoded = try? JSONDecoder().decode(Members.self, from: body) else { return nil }
        action = decoded.texts["action"]?.lowercased()
        type = decoded.texts["type"]?.lowercased()
        record = decoded.texts["id"]
        company = decoded.texts["companyid"]
        messageID = decoded.texts["messageid"]
        keyURL = decoded.keyURL
    }

    /// The few members that matter, by lower-case name. `Entity`, the bulk of the body, is not looked at.
    private struct Members: Decodable {
        private struct Name: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        private static let wanted: Set<String> = ["action", "type", "id", "companyid", "messageid"]
        var texts: [String: String] = [:]
        var keyURL: String?

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Name.self)
            for name in members.allKeys {
                let lower = name.stringValue.lowercased()
                if Self.wanted.contains(lower) {
                    if let text = Self.text(name, in: members, isNumber: lower == "id") { texts[lower] = text }
                } else if lower == "metadata",
                    let metadata = try? members.nestedContainer(keyedBy: Name.self, forKey: name)
                {
                    let key = metadata.allKeys.first { $0.stringValue.lowercased() == "key_url" }
                    keyURL = key.flatMap { try? metadata.decode(String.self, forKey: $0) }
                }
            }
        }

        /// A text, or a number as text. What is likely comes first: a failed attempt costs more than all the rest.
        private static func text(
            _ name: Name, in members: KeyedDecodingContainer<Name>, isNumber: Bool
        ) -> String? {
            if isNumber, let number = try? members.decode(Int64.self, forKey: name) { return String(number) }
            if let text = try? members.decode(String.self, forKey: name) { return text }
            return (try? members.decode(Int64.self, forKey: name)).map { String($0) }
        }
    }
}
