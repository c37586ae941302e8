import AsyncHTTPClient
import Crypto
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle
import SimulatorStage

/// What became of one callback.
public struct CallbackDelivery: Sendable {
    /// How it ended.
    public enum Outcome: Sendable, Equatable {
        /// The receiver's last answer.
        case answered(status: Int)
        /// No answer: not reached, closed, or silent for 5 seconds.
        case failed(String)
        /// Not sent, because a fault said so.
        case dropped
    }

    /// Id of the callback entry.
    public let callbackID: Int
    /// Id of the ticket.
    public let ticketID: Int
    /// `added`, `updated` or `deleted`.
    public let action: String
    /// How it ended.
    public let outcome: Outcome
    /// How often it was sent: 1 to 3.
    public let attempts: Int
    /// When it ended.
    public let time: Date
}

/// The signature of a callback: base64 of HMAC-SHA256 over the body, its key the SHA-256 of the signing key's UTF-8.
public enum CallbackSigning {
    /// The value of `x-content-signature` for this body.
    public static func signature(of body: some DataProtocol, signingKey: String) -> String {
        let key = SymmetricKey(data: SHA256.hash(data: Data(signingKey.utf8)))
        return Data(HMAC<SHA256>.authenticationCode(for: body, using: key)).base64EncodedString()
    }

    /// The body of a callback, byte for byte as the simulator sends it. `entity` is the record's JSON text; nil is null.
    public static func body(
        messageID: String, fromURL: String, companyID: String, memberID: String, action: String,
        type: String = "ticket",
        id: Int, entity: String?, keyURL: String, callbackID: Int
    ) -> [UInt8] {
        let body: PlayedJSON = [
            "MessageId": .text(messageID), "FromUrl": .text(fromURL), "CompanyId": .text(companyID),
            "MemberId": .text(memberID), "Action": .text(action), "Type": .text(type), "ID": .integer(id),
            "ProductInstanceId": .null, "PartnerId": .null, "Entity": .optional(entity),
            "Metadata": ["key_url": .text(keyURL)], "CallbackObjectRecId": .integer(callbackID),
        ]
        return body.bytes
    }
}

/// A callback on its way.
struct OutgoingCallback: Sendable {
    let callbackID: Int
    let ticketID: Int
    let action: String
    let url: String
    let body: [UInt8]
}

/// Sends callbacks as ConnectWise does: 5 s for the answer, repeated only for 404, 409, 419 and 429, after 2 s and 4 s.
struct CallbackSender: Sendable {
    static let answerWithin = TimeAmount.seconds(5)
    /// As many as there are connections, so that no callback's 5 s pass in a queue.
    static let atOnce = 64
    static let repeatedStatuses: Set<Int> = [404, 409, 419, 429]

    let queue: AsyncStream<OutgoingCallback>
    let control: StageControl
    let signingKey: @Sendable () -> String
    /// Waits between the tries; 2 s and 4 s unless a test is in a hurry.
    let pauses: [Duration]
    let now: @Sendable () -> Date
    let ended: @Sendable (CallbackDelivery) -> Void
    let logger: Logger

    func run() async throws {
        var configuration = HTTPClient.Configuration()
        // Receivers in tests have certificates that nobody vouches for, and nothing secret is sent.
        configuration.tlsConfiguration = .makeClientConfiguration()
        configuration.tlsConfiguration?.certificateVerification = .none
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.atOnce
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                var underWay = 0
                for await callback in queue {
                    if underWay == Self.atOnce {
                        await group.next()
                        underWay -= 1
                    }
                    underWay += 1
                    group.addTask { ended(await deliver(callback, over: client)) }
                }
                group.cancelAll()
            }
        }
        try await client.shutdown()
    }

    private func deliver(_ callback: OutgoingCallback, over client: HTTPClient) async -> CallbackDelivery {
        func done(_ outcome: CallbackDelivery.Outcome, _ attempts: Int) -> CallbackDelivery {
            CallbackDelivery(
                callbackID: callback.callbackID, ticketID: callback.ticketID, action: callback.action, outcome: outcome,
                attempts: attempts, time: now())
        }
        if control.dropsCallback(to: callback.url, body: callback.body) { return done(.dropped, 0) }
        var attempts = 0
        while true {
            attempts += 1
            do {
                let status = try await send(callback, over: client)
                guard Self.repeatedStatuses.contains(status), attempts <= pauses.count else {
                    return done(.answered(status: status), attempts)
                }
                try await Task.sleep(for: pauses[attempts - 1])
            } catch {
                return done(.failed("\(error)"), attempts)
            }
        }
    }

    private func send(_ callback: OutgoingCallback, over client: HTTPClient) async throws -> Int {
        var request = HTTPClientRequest(url: callback.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json; charset=utf-8")
        request.headers.add(
            name: "x-content-signature", value: CallbackSigning.signature(of: callback.body, signingKey: signingKey()))
        request.body = .bytes(ByteBuffer(bytes: callback.body))
        let response = try await client.execute(request, timeout: Self.answerWithin)
        // The body is read so that the connection can be used again; nobody looks at it.
        for try await _ in response.body {}
        return Int(response.status.code)
    }
}
