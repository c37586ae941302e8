import Foundation
import NIOHTTP1
import SimulatedConnectWise

/// A callback that the test itself sends.
package struct Hook: Sendable {
    /// Path and query.
    package var path: String
    /// The signed bytes.
    package var body: [UInt8]
    /// `x-content-signature`; nil for none.
    package var signature: String?

    /// A callback as the simulator would send it, signed with its key.
    ///
    /// If `connectionKey` is nil, the address has no `c`. `company` and `keyURL` are what the body claims.
    package init(
        _ ticket: Int, action: String = "updated", from simulator: ConnectWiseSimulator, connectionKey: String?,
        company: String = "rivermark", keyURL: String? = nil
    ) {
        path = "/hooks/cw/tickets?\(connectionKey.map { "c=\($0)&" } ?? "")recordId=\(ticket)&action=\(action)"
        body = CallbackSigning.body(
            messageID: UUID().uuidString, fromURL: "127.0.0.1", companyID: company, memberID: "dokafor", action: action,
            id: ticket, entity: nil, keyURL: keyURL ?? simulator.keyURL, callbackID: 1)
        signature = CallbackSigning.signature(of: body, signingKey: simulator.signingKey)
    }

    /// The same callback with another body, signed again.
    package func with(body text: String, signedBy simulator: ConnectWiseSimulator) -> Hook {
        var hook = self
        hook.body = Array(text.utf8)
        hook.signature = CallbackSigning.signature(of: hook.body, signingKey: simulator.signingKey)
        return hook
    }
}

extension APIClient {
    /// Sends a callback to the server.
    package func send(_ hook: Hook) async throws -> Reply {
        try await send(
            .POST, base + hook.path, Data(hook.body), hook.signature.map { ["x-content-signature": $0] } ?? [:])
    }
}
