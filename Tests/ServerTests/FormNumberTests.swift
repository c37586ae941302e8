import API
import Accounts
import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import TestSupport
import Testing
import WebSupport

@Suite("Numbers in forms", .timeLimit(.minutes(20)))
struct FormNumberTests {
    @Test("A number that JSON cannot express is refused as a client error")
    func notFinite() async throws {
        try await RunningPatchbay.run(.sqlite) { patchbay in
            let browser = try await patchbay.browser(.admin)
            for typed in ["nan", "NaN", "inf", "-inf", "infinity", "1e999", "0x1p1024", "-nan", "0x10", "0X1"] {
                _ = try await browser.get("/settings")
                let reply = try await browser.post(
                    "/settings", ["max_message_length": typed, "silence_alert_minutes": typed, "history_days": typed])
                #expect((400..<500).contains(reply.status), "\(typed): \(reply.status)")
            }
            #expect(patchbay.log.value.allSatisfy { !$0.contains("request failed") }, "\(patchbay.log.value)")
        }
    }
}
