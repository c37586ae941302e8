import BoundaryText
import Foundation
import Outbound

/// Where the server is: `http` or `https`, a host, perhaps a port and a path in front of the API's own.
struct ServerAddress: Equatable, Sendable {
    /// Where `patchbay serve` and `patchbay demo` listen when nothing is configured.
    static let standard = "http://127.0.0.1:8080"

    let text: String

    /// Checks and trims the text. Throws ``Failure/usage(_:)`` when it is no such address.
    init(_ text: String) throws(Failure) {
        guard let address = WebAddress(text), address.query == nil, !address.hasFragment else {
            throw .usage("'\(text)' is not a server address; PATCHBAY_URL looks like https://patchbay.example.com")
        }
        var trimmed = text[...]
        while trimmed.utf8.hasSuffix("/") { trimmed.removeLast() }
        self.text = String(trimmed)
    }

    /// The address of a call.
    func url(of call: APIRequest) -> String { text + call.target }
}
