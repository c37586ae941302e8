import Database
import Foundation
import NIOHTTP1
import ServerTestSupport
import TestSupport
import Testing
import WebSupport

@Suite("Metrics under hostile traffic", .timeLimit(.minutes(20)))
struct StrangersMetricsTests {
    @Test("Made-up methods and paths create few metric series, and none is lost")
    func series() async throws {
        try await TestDatabase.withAddress(.sqlite) { address in
            let metricsPort = try await Ports.free()
            try await Installed.run(at: address, ["PATCHBAY_METRICS_LISTEN": "127.0.0.1:\(metricsPort)"]) { installed in
                let port = try await Ports.free()
                let server = try installed.serve(port: port)
                let api = try await installed.answering(server, port: port)
                let document = try await api(.GET, "/openapi.json").json
                guard case .object(let operations) = document["paths"] else { throw Unexpected("no paths") }
                #expect(operations.count > 50)
                let stranger = APIClient(base: api.base, key: nil)
                let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
                let paths =
                    operations.keys.map { $0.hasPrefix("/api/") ? $0 : "/api/v1\($0)" } + [
                        "/", "/rules", "/tickets", "/sign-in", "/nothing",
                    ]
                for path in paths {
                    for method in methods + ["X\(UInt32.random(in: 0...UInt32.max))"] {
                        let filled = path.replacing(/\{[a-z_]+\}/, with: "\(Int.random(in: 1...1_000_000))")
                        // A method that HTTP does not know closes the connection.
                        let reply = try? await stranger.send(HTTPMethod(rawValue: method), api.base + filled, nil)
                        #expect(reply != nil || method.utf8.first == UInt8(ascii: "X"), "\(method) \(filled)")
                    }
                }
                let text = try await stranger.send(.GET, "http://127.0.0.1:\(metricsPort)/metrics", nil).text
                let counts = text.split(separator: "\n").filter {
                    $0.hasPrefix("patchbay_http_request_duration_seconds_count")
                }
                #expect((10..<700).contains(counts.count), "\(counts.count) series")
                #expect(text.contains("method=\"other\""))
                #expect(text.contains("telemetry_refused_series_total 0"))
            }
        }
    }
}
