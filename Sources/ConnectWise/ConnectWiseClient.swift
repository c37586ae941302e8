import BoundaryText
import Foundation
import Outbound
import Synchronization

/// What signs our calls. Not printable, so that it cannot end in a log.
public struct ConnectWiseCredentials: Sendable, CustomStringConvertible, CustomReflectable {
    /// The name typed on the sign-in page.
    public let companyID: String
    let publicKey: String
    let privateKey: String
    let clientID: String

    public init(companyID: String, publicKey: String, privateKey: String, clientID: String) {
        self.companyID = companyID
        self.publicKey = publicKey
        self.privateKey = privateKey
        self.clientID = clientID
    }

    public var description: String { "ConnectWise credentials of \(companyID)" }
    public var customMirror: Mirror { Mirror(self, children: ["companyID": companyID]) }

    var headers: [OutboundRequest.Header] {
        let text = "\(companyID)+\(publicKey):\(privateKey)"
        return [
            .init("Authorization", "Basic " + Data(text.utf8).base64EncodedString()), .init("clientId", clientID),
        ]
    }
}

/// Calls one ConnectWise company. A value: copies share the cached address of the API.
public struct ConnectWiseClient: Sendable {
    public let site: Site
    public let credentials: ConnectWiseCredentials
    let outbound: OutboundClient
    /// Budget, circuit and pause of this company.
    public let remote: Remote
    private let address: APIAddress
    private let clock = ServerClock()
    private let headers: [OutboundRequest.Header]

    /// Makes a client; nothing is called yet.
    ///
    /// - Parameters:
    ///   - site: where people sign in; the API's address is found from it.
    ///   - credentials: the API member's keys.
    ///   - outbound: carries the calls.
    ///   - remote: shared by all clients of the company.
    ///   - modelVersion: pins the shape of the records.
    public init(
        site: Site, credentials: ConnectWiseCredentials, outbound: OutboundClient, remote: Remote,
        modelVersion: String = "2026.4"
    ) {
        self.site = site
        self.credentials = credentials
        self.outbound = outbound
        self.remote = remote
        address = APIAddress()
        headers =
            credentials.headers + [
                .init("Accept", "application/vnd.connectwise.com+json; version=\(modelVersion)")
            ]
    }

    struct Call: Sendable {
        var method = OutboundRequest.Method.get
        /// Below `apis/3.0/`.
        var path: String
        var query: [(name: String, value: String)] = []
        var headers: [OutboundRequest.Header] = []
        var body: Data?
        var priority = CallPriority.interactive
    }

    /// The address of the API, found once and kept.
    public func apiBase(_ priority: CallPriority = .interactive) async throws(ConnectWiseError) -> String {
        if let known = address.known { return known }
        return try await address.join { [self] in
            do throws(ConnectWiseError) {
                let resolved = site.apiBase(try await companyInfo(priority))
                address.remember(resolved, at: remote.now)
                return .success(resolved)
            } catch {
                return .failure(error)
            }
        }.get()
    }

    /// What the site says about the company; needs no keys.
    public func companyInfo(_ priority: CallPriority = .interactive) async throws(ConnectWiseError) -> CompanyInfo {
        let url = site.url(host: site.host, path: "login/companyinfo/\(Query.encode(credentials.companyID))")
        let request = OutboundRequest(.get, url, headers: [.init("Accept", "application/json")])
        let response = try await carry(request, priority)
        // An unknown company is a null with status 200.
        let answer: CompanyInfo? = try decode(response)
        guard let info = answer else {
            throw .notFound(message: "the company \(credentials.companyID) is unknown", isRecord: false)
        }
        return info
    }

    func send(_ call: Call) async throws(ConnectWiseError) -> OutboundResponse {
        let base = try await apiBase(call.priority)
        do {
            return try await carry(request(call, base), call.priority)
        } catch .notFound(let message, isRecord: false) {
            // The codebase in the path changes with each upgrade of ConnectWise.
            guard address.mayResolveAgain(at: remote.now) else {
                throw .notFound(message: message, isRecord: false)
            }
            let fresh = site.apiBase(try await companyInfo(call.priority))
            address.remember(fresh, at: remote.now)
            guard fresh != base else { throw .notFound(message: message, isRecord: false) }
            return try await carry(request(call, fresh), call.priority)
        }
    }

    func decode<Value: Decodable>(_ response: OutboundResponse) throws(ConnectWiseError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: response.body)
        } catch {
            // The decoder's own words may quote the body, which is the customer's.
            throw .undecodable(reason: "unexpected content of \(response.body.count) bytes")
        }
    }

    private func request(_ call: Call, _ base: String) -> OutboundRequest {
        let query = call.query.map { "\($0.name)=\(Query.encode($0.value))" }.joined(separator: "&")
        var headers = headers + call.headers
        if call.body != nil { headers.append(.init("Content-Type", "application/json")) }
        return OutboundRequest(
            call.method, "\(base)/\(call.path)\(query.isEmpty ? "" : "?" + query)", headers: headers, body: call.body)
    }

    func carry(_ request: OutboundRequest, _ priority: CallPriority) async throws(ConnectWiseError) -> OutboundResponse
    {
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await outbound.send(request, to: remote, priority: priority)
        } catch {
            throw ConnectWiseError(error)
        }
        clock.hear(response.header("date"))
        guard let error = ConnectWiseError(response) else { return response }
        if case .rateLimited(let retryAfter) = error { remote.pause(for: retryAfter) }
        throw error
    }
}

extension ConnectWiseClient {
    /// How far ConnectWise's clock is ahead of ours, in seconds, by its last answer; nil before the first one that says.
    public var clockAhead: TimeInterval? { clock.ahead }
}

/// ConnectWise's clock as last seen: what it dates is compared with what we date.
private final class ServerClock: Sendable {
    /// RFC 9110, such as `Sat, 28 Nov 2026 16:58:47 GMT`.
    private static let format = Date.ParseStrategy(
        format:
            "\(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .defaultDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits) GMT",
        locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt)

    /// What the last answer said, and when. Read when it is asked for: few ask, and reading a date takes long.
    private let seen = Mutex<(said: String, at: Date)?>(nil)

    var ahead: TimeInterval? {
        guard let (said, at) = seen.withLock(\.self), let instant = try? Date(said, strategy: Self.format) else {
            return nil
        }
        return instant.timeIntervalSince(at)
    }

    func hear(_ date: String?) {
        guard let date else { return }
        seen.withLock { $0 = (date, Date()) }
    }
}

/// The address of a company's API as last seen.
private final class APIAddress: Sendable {
    private struct Resolved {
        var base: String
        var at: ContinuousClock.Instant
    }

    /// A route that really does not exist must not cost a second call each time.
    private static let shortestLife = Duration.seconds(60)
    private let resolved = Mutex<Resolved?>(nil)
    /// The question that is under way: all who want to know at once ask once.
    private let asking = Mutex<Task<Result<String, ConnectWiseError>, Never>?>(nil)

    /// - Parameter ask: asks, and remembers the answer.
    func join(
        _ ask: @escaping @Sendable () async -> Result<String, ConnectWiseError>
    ) async -> Result<String, ConnectWiseError> {
        let task = asking.withLock { asking in
            if let asking { return asking }
            let task = Task {
                let result = await ask()
                self.asking.withLock { $0 = nil }
                return result
            }
            asking = task
            return task
        }
        return await task.value
    }

    var known: String? { resolved.withLock { $0?.base } }

    func remember(_ base: String, at now: ContinuousClock.Instant) {
        resolved.withLock { $0 = Resolved(base: base, at: now) }
    }

    func mayResolveAgain(at now: ContinuousClock.Instant) -> Bool {
        resolved.withLock { $0.map { now - $0.at >= Self.shortestLife } ?? true }
    }
}
