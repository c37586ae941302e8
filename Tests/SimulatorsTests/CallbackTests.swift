import AsyncHTTPClient
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import SimulatedConnectWise
@testable import SimulatorStage

/// Receives callbacks and answers them with the given statuses, the last of them for ever.
final class Receiver: Sendable {
    struct Got: Sendable {
        let query: String
        let signature: String?
        let body: [UInt8]
    }

    let port = Watched<Int?>(nil)
    let got = Watched<[Got]>([])
    private let statuses: Mutex<[Int]>

    init(statuses: [Int] = [200]) { self.statuses = Mutex(statuses) }

    func run() async throws {
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            let body = try await request.body.collect(upTo: 1 << 20)
            self.got.change {
                $0.append(
                    Got(
                        query: request.uri.query ?? "",
                        signature: request.headers[.contentSignature], body: Array(buffer: body)))
            }
            let status = self.statuses.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            return Response(status: .init(code: status))
        }
        var logger = Logger(label: "receiver")
        logger.logLevel = .critical
        try await Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in self.port.change { $0 = channel.localAddress?.port } }, logger: logger
        ).run()
    }
}

extension Receiver: Runnable {}

@Suite struct CallbackTests {
    @Test func signatureIsThatOfTheVector() {
        let signature = CallbackSigning.signature(
            of: Data(#"{"Action":"updated","ID":123,"Type":"ticket"}"#.utf8), signingKey: "test-signing-key")
        #expect(signature == "iRHwWR6fJezbNoz9PjCZZpvHwHYpZIUcONCNHCT3Lao=")
    }

    @Test func changesAreToldAndSigned() async throws {
        let receiver = Receiver()
        try await running(receiver) {
            let port = try await receiver.port.first("the receiver", within: .seconds(120)) { $0 }
            try await StageClient.during({ $0.signingKey = "s3cret" }) { call async throws in
                let url = "http://127.0.0.1:\(port)/hooks?c=1&recordId="
                let body: PlayedJSON = ["url": .text(url), "objectId": 0, "type": "ticket", "level": "owner"]
                let made = try await call(.POST, "/system/callbacks", body)
                #expect(made.status == 201)
                #expect(made.json["objectId"] == 1)
                let again = try await call(.POST, "/system/callbacks", body)
                #expect(again.json["errors"]?.elements?.first?["code"] == "ObjectExists")
                let id = try call.simulator.createTicket("Told", text: "first")
                try call.simulator.addNote("second", to: id, as: .member("pnovak"))
                try call.simulator.delete(id)
                let got = try await receiver.got.first("three callbacks", within: .seconds(120)) { got in
                    got.count >= 3 ? got : nil
                }
                #expect(
                    Set(got.map(\.query))
                        == Set(["added", "updated", "deleted"].map { "c=1&recordId=\(id)&action=\($0)" }))
                for one in got {
                    #expect(one.signature == CallbackSigning.signature(of: one.body, signingKey: "s3cret"))
                    let json = try JSONReader.read(one.body)
                    #expect(json["ID"] == .integer(id))
                    #expect(json["CompanyId"] == "rivermark")
                    let entity = json["Entity"]?.string
                    #expect((json["Action"] == "deleted") == (entity == nil))
                    let keyURL = try #require(json["Metadata"]?["key_url"]?.string)
                    #expect(keyURL == call.simulator.keyURL)
                    let key = try await StageClient.send(.init(url: keyURL))
                    #expect(key.json["signing_key"] == "s3cret")
                    #expect(key.headers["Content-Type"].first?.hasPrefix("text/plain") == true)
                }
            }
        }
    }

    @Test func onlySomeAnswersAreRepeated() async throws {
        for (statuses, attempts) in [([429, 200], 2), ([404, 409, 419, 200], 3), ([503], 1), ([200], 1)] {
            let receiver = Receiver(statuses: statuses)
            try await running(receiver) {
                let port = try await receiver.port.first("the receiver", within: .seconds(120)) { $0 }
                try await StageClient.during({ $0.callbackPauses = [.milliseconds(5), .milliseconds(5)] }) {
                    call async throws in
                    _ = try await call(
                        .POST, "/system/callbacks",
                        [
                            "url": .text("http://127.0.0.1:\(port)/?id="), "objectId": 1, "type": "Ticket",
                            "level": "Owner",
                        ])
                    try call.simulator.createTicket("Repeated")
                    let ended = try await call.simulator.callbacks()
                    #expect(ended.first?.attempts == attempts)
                    #expect(receiver.got.read { $0.count } == attempts)
                }
            }
        }
    }

    @Test func levelsAndSwitchesDecide() async throws {
        let receiver = Receiver()
        try await running(receiver) {
            let port = try await receiver.port.first("the receiver", within: .seconds(120)) { $0 }
            try await StageClient.during({ $0.callbacksPerChange = 3 }) { call async throws in
                _ = try await call(
                    .POST, "/system/callbacks",
                    ["url": .text("http://127.0.0.1:\(port)/?id="), "objectId": 3, "type": "ticket", "level": "board"])
                try call.simulator.createTicket("Elsewhere", board: "Voice")
                call.simulator.control.script(Fault(.dropCallback))
                let id = try call.simulator.createTicket("Here", board: "Security")
                let ended = try await call.simulator.callbacks(3)
                #expect(ended.allSatisfy { $0.ticketID == id })
                #expect(ended.count { $0.outcome == .dropped } == 1)
                #expect(ended.count { $0.outcome == .answered(status: 200) } == 2)
            }
        }
    }

    @Test func wrongCallbacksAreRefused() async throws {
        try await StageClient.during { call async throws in
            let reply = try await call(
                .POST, "/system/callbacks", ["url": "nonsense", "objectId": 1, "type": "ticket", "level": "world"])
            #expect(reply.json["errors"]?.elements?.compactMap { $0["field"]?.string } == ["url", "level"])
            let made = try await call(
                .POST, "/system/callbacks/",
                ["url": "https://a.example/?id=", "objectId": 1, "type": "ticket", "level": "owner"])
            let id = try #require(made.json["id"]?.int)
            let found = try await call.conditions("url contains 'a.example'", on: "/system/callbacks")
            #expect(found.ids == [id])
            let patched = try await call(
                .PATCH, "/system/callbacks/\(id)", [["op": "replace", "path": "inactiveFlag", "value": true]])
            #expect(patched.json["inactiveFlag"] == true)
            #expect(try await call(.DELETE, "/system/callbacks/\(id)").status == 204)
            #expect(try await call(.GET, "/system/callbacks/\(id)").status == 404)
        }
    }
}
