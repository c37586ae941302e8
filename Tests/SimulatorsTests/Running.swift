import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import SimulatedConnectWise
import SimulatedWebex

@testable import SimulatorStage

/// A running ConnectWise and a client that has its keys.
struct StageClient: Sendable {
    let simulator: ConnectWiseSimulator
    let base: String

    struct Reply: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
        var json: PlayedJSON { (try? JSONReader.read(body)) ?? .null }
        var ids: [Int] { json.elements?.compactMap { $0["id"]?.int } ?? [] }
    }

    func callAsFunction(
        _ method: HTTPMethod, _ path: String, _ body: PlayedJSON? = nil, headers: HTTPHeaders = [:],
        keys: String = "rivermark+SimulatedPublic1:SimulatedPrivate", clientID: String? = "test"
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: "\(base)/v4_6_release/apis/3.0\(path)")
        request.method = method
        request.headers = headers
        request.headers.add(name: "Authorization", value: "Basic \(Data(keys.utf8).base64EncodedString())")
        if let clientID { request.headers.add(name: "clientid", value: clientID) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body.bytes)) }
        return try await Self.send(request)
    }

    func conditions(_ text: String, on path: String = "/service/tickets", _ more: String = "") async throws -> Reply {
        let encoded = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return try await self(.GET, "\(path)?conditions=\(encoded)&pageSize=1000\(more)")
    }

    static func send(_ request: HTTPClientRequest) async throws -> Reply {
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let body = try await response.body.collect(upTo: 8 * 1024 * 1024)
        return Reply(status: Int(response.status.code), headers: response.headers, body: Array(buffer: body))
    }

    /// Runs a simulator around `body` and stops it.
    static func during(
        _ change: (inout ConnectWiseOptions) -> Void = { _ in },
        _ body: @Sendable @escaping (StageClient) async throws -> Void
    ) async throws {
        var options = ConnectWiseOptions()
        change(&options)
        let simulator = ConnectWiseSimulator(options: options)
        try await running(simulator) {
            try await body(StageClient(simulator: simulator, base: try await simulator.url()))
        }
    }
}

/// A running Webex and its bot.
struct BotClient: Sendable {
    let simulator: WebexSimulator
    let base: String

    func callAsFunction(
        _ method: HTTPMethod, _ path: String, _ body: PlayedJSON? = nil, token: String = "simulated-bot-token"
    ) async throws -> StageClient.Reply {
        var request = HTTPClientRequest(url: "\(base)/v1\(path)")
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        if let body { request.body = .bytes(ByteBuffer(bytes: body.bytes)) }
        return try await StageClient.send(request)
    }

    static func during(
        _ change: (inout WebexOptions) -> Void = { _ in }, _ body: @Sendable @escaping (BotClient) async throws -> Void
    ) async throws {
        var options = WebexOptions()
        change(&options)
        let simulator = WebexSimulator(options: options)
        try await running(simulator) {
            try await body(BotClient(simulator: simulator, base: try await simulator.url()))
        }
    }
}

protocol Runnable: Sendable { func run() async throws }
extension ConnectWiseSimulator: Runnable {}
extension WebexSimulator: Runnable {}
extension Shift: Runnable {}

func running(_ service: some Runnable, _ body: @Sendable @escaping () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try? await service.run() }
        do { try await body() } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
    }
}
