import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import WebSupport

/// The web console: pages over the API's routes. It sees and does nothing that the API would not show or do for the same
/// person, because it asks the API.
public struct Console: Sendable {
    /// All pages for those who are signed in.
    public let pages: [PageRoute]
    let accounts: AccountsFeature
    let table: RouteTable
    let cookie: SignInCookie
    let templates: Templates
    let assets: Assets
    let live: LiveUpdates
    let markdown = Markdown()
    let counts: NavigationCounts
    let errors: ErrorTranslation
    let openAPI: OpenAPI
    private let logger: Logger
    /// The operations that a feature has to be switched on for.
    let flagged: [String: FeatureFlag]

    /// Reads templates and assets.
    /// - Parameters:
    ///   - table: the API.
    ///   - openAPI: its description, for people to read.
    ///   - topics: what open pages show that changes by itself.
    ///   - errors: how errors are described to users.
    ///   - health: whether the server is well, as `/readiness` has it.
    public init(
        accounts: AccountsFeature, table: RouteTable, openAPI: OpenAPI, cookie: SignInCookie, database: Database,
        topics: [LiveTopic], errors: ErrorTranslation, health: @escaping @Sendable () async -> [HealthCheck],
        logger: Logger
    ) throws {
        self.accounts = accounts
        self.table = table
        self.cookie = cookie
        self.errors = errors
        self.openAPI = openAPI
        self.logger = logger
        flagged = Visit.flagged(table.routes)
        (templates, assets) = try Self.files.get()
        live = LiveUpdates(database: database, signIns: accounts.signIns, topics: topics)
        counts = NavigationCounts()
        if !assets.isComplete {
            logger.warning("the console's style sheets and scripts are missing; run scripts/assets and build again")
        }
        pages = Self.pages(accounts, health: health)
    }

    /// They change with the program only, so they are read once for all servers of a process.
    private static let files = Result<(Templates, Assets), any Error> {
        let resources = try Self.resources()
        return (
            try Templates(folder: resources.appending(path: "Templates")),
            try Assets(folder: resources.appending(path: "Assets"))
        )
    }

    /// Templates and assets: in the folder that the build puts beside the program, or where a package puts it.
    private static func resources() throws -> URL {
        // Not `Bundle.module`: it would end the program without a word where the folder is missing.
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let executable = FileManager.default.fileExists(atPath: program.path()) ? program : Bundle.main.bundleURL
        let folder = executable.deletingLastPathComponent()
        let places = [
            folder.appending(path: "patchbay_Console.resources"), folder.appending(path: "../share/patchbay/console"),
            Bundle.main.bundleURL.appending(path: "patchbay_Console.resources"),
        ]
        guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0.path()) }) else {
            throw Templates.Broken(
                description:
                    "the console's files are missing; put the build's folder patchbay_Console.resources next to the program (\(folder.path()))"
            )
        }
        return found
    }

    /// The table of all pages for those who are signed in.
    public static func pages(
        _ accounts: AccountsFeature, health: @escaping @Sendable () async -> [HealthCheck]
    ) -> [PageRoute] {
        dashboardPages() + ticketPages() + rulePages() + forwardPages() + deliveryPages() + recipientPages()
            + syncPages() + connectionPages() + integrationPages() + tenantPages() + updatePages() + pickerPages()
            + userPages() + keyPages() + flagPages() + providerPages() + auditPages()
            + settingsPages() + organizationPages() + healthPages(health) + searchPages() + accountPages(accounts)
    }

    /// Work that goes on while the server runs: looks for changes that open pages want to see.
    public func run() async {
        await live.run()
    }

    /// Puts all pages into the router.
    public func install(in router: Router<WebContext>) {
        assets.install(in: router)
        installSignIn(in: router)
        installDocs(in: router)
        for (path, group) in Dictionary(grouping: pages, by: \.path) {
            for route in group {
                router.on(RouterPath(path), method: route.method) { request, context in
                    try await framed(request, context) { try await admit(request, context, to: route) }
                }
            }
            let methods = group.map(\.method)
            for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] where !methods.contains(method) {
                router.on(RouterPath(path), method: method) { request, context in
                    try await framed(request, context) {
                        throw Problem(
                            .methodNotAllowed, code: "method_not_allowed", title: "Not possible here",
                            detail: "This page does not support that request.", allowed: methods)
                    }
                }
            }
        }
        router.get("/live") { request, context in
            guard let (token, live) = try await signedIn(request), live.duty == nil else {
                return Response(status: .unauthorized)
            }
            return self.live.response(to: request, of: token, live, LiveWatch(request.uri.fields))
        }
    }

    /// The sign-in of a request that goes on.
    func signedIn(_ request: Request) async throws -> (SignInToken, LiveSignIn)? {
        guard let token = cookie.token(in: request), let live = try await accounts.signIns.find(token) else {
            return nil
        }
        return (token, live)
    }

    /// Admits signed-in users who may see the page. Others are sent to the sign-in page, or told why not.
    private func admit(_ request: Request, _ context: WebContext, to route: PageRoute) async throws -> Response {
        guard let (token, live) = try await signedIn(request) else {
            return toSignIn(request, from: route)
        }
        if let duty = live.duty, route.path != duty.path {
            return .redirect(to: duty.path)
        }
        let entries = try await Self.entries(of: request, context)
        var visit = visit(request, context, token, live, entries)
        let asked = visit.asked
        defer {
            logger.debug(
                "page",
                metadata: [
                    "page": "\(route.path)", "api_calls": "\(asked.report)", "request_id": "\(context.requestID)",
                ])
        }
        guard live.role >= route.role else {
            if route.method == .post { try Self.checkProof(request, entries, token) }
            throw Problem(
                .forbidden, code: "forbidden", title: "Your role does not allow this",
                detail: "This page needs the role \(route.role.label) or more; yours is \(live.role.label).")
        }
        visit.switchedOff = try await visit.findSwitchedOff()
        // Before the page is read: it is notified of any change from here on.
        if !route.topics.isEmpty { visit.watch = try await self.live.watch(route.topics, for: live) }
        if let again = route.again {
            let outcome = try await keeping(visit, again, request, context) {
                if route.method == .post { try Self.checkProof(request, entries, token) }
                return try await route.handle(visit)
            }
            return try await answer(outcome, to: request, visit)
        }
        if route.method == .post { try Self.checkProof(request, entries, token) }
        if route.method == .get, visit.query["export"] == "csv" { return try await export(route, visit) }
        if route.method == .get, let text = visit.query["sort"], !text.isEmpty {
            let order = try Table.Order(asked: text)
            return try await answer(.page(try await sorted(route, visit, order)), to: request, visit)
        }
        return try await answer(try await route.handle(visit), to: request, visit)
    }

    /// Shows what was typed again, whatever goes wrong with it.
    private func keeping(
        _ visit: Visit, _ again: (Visit, Problem) async throws -> Page, _ request: Request, _ context: WebContext,
        _ body: () async throws -> Outcome
    ) async throws -> Outcome {
        do {
            return try await body()
        } catch {
            var problem = errors.problem(for: error, request, context)
            if problem.code == "csrf" {
                problem.detail =
                    "You have signed in again since this form was opened, so it was not sent. Check it and submit it again."
            }
            // Other people's things, and deleted ones, have no form.
            guard problem.status != .notFound, var page = try? await again(visit, problem) else { throw error }
            page.status = problem.status
            return .page(page)
        }
    }

    func visit(
        _ request: Request, _ context: WebContext, _ token: SignInToken, _ live: LiveSignIn, _ entries: Entries
    ) -> Visit {
        var parameters: [String: String] = [:]
        for (name, value) in context.parameters {
            parameters[String(name)] = String(value).removingPercentEncoding ?? String(value)
        }
        let zone = request.cookies["patchbay-zone"]?.value.removingPercentEncoding.flatMap(TimeZone.init(identifier:))
        return Visit(
            live: live, token: token, principal: live.principal, visitor: visitor(request, context),
            path: request.uri.path, parameters: parameters, query: request.uri.fields, entries: entries,
            zone: zone ?? .gmt,
            flash: Flash.read(request), theme: Self.theme(request),
            chosenTenant: Tenancy.chosen(request), table: table, markdown: markdown, flagged: flagged)
    }

    func visitor(_ request: Request, _ context: WebContext) -> Visitor {
        Visitor(
            address: context.address, agent: request.headers[.userAgent], browser: cookie.browser(in: request))
    }

    static func theme(_ request: Request) -> String? {
        guard let theme = request.cookies["patchbay-theme"]?.value, theme == "light" || theme == "dark" else {
            return nil
        }
        return theme
    }

    /// What a form sent.
    /// - Parameter most: the most bytes that are read; nil for as many as any body may have.
    static func entries(
        of request: Request, _ context: WebContext, most: Int? = nil
    ) async throws -> Entries {
        guard request.method == .post else { return Entries() }
        var request = request
        let buffer = try await request.collectBody(upTo: most ?? context.maxUploadSize)
        return Entries(urlEncoded: String(decoding: buffer.readableBytesView, as: UTF8.self))
    }

    static func checkProof(_ request: Request, _ entries: Entries, _ token: SignInToken) throws {
        let header = HTTPField.Name("X-CSRF-Token").flatMap { request.headers[$0] }
        guard CSRFToken.verify(entries["_csrf"] ?? header, for: token) else {
            throw Problem(
                .forbidden, code: "csrf", title: "This form is too old",
                detail:
                    "It was opened before you signed in this time, or it does not come from this console. Reload the page and submit it again."
            )
        }
    }

    private func toSignIn(_ request: Request, from route: PageRoute) -> Response {
        if HTTPField.Name("HX-Request").flatMap({ request.headers[$0] }) != nil {
            return Response(status: .unauthorized)
        }
        guard route.method == .post else {
            return .redirect(to: Visit.href("/sign-in", ["to": request.uri.description]))
        }
        // Back to the page that has the form: the same address, or the nearest one above it that is a page.
        var (shape, path) = (route.path.splitBytes(on: "/"), request.uri.path.splitBytes(on: "/"))
        func isPage() -> Bool {
            let shape = "/" + shape.joined(separator: "/")
            return pages.contains { $0.method == .get && $0.path == shape }
        }
        while !shape.isEmpty, !isPage() {
            shape.removeLast()
            path.removeLast()
        }
        return .redirect(to: Visit.href("/sign-in", ["to": "/" + path.joined(separator: "/"), "again": "1"]))
    }

    // MARK: Answers

    func answer(_ outcome: Outcome, to request: Request, _ visit: Visit) async throws -> Response {
        switch outcome {
        case .response(let response): return response
        case .fragment(let name, let model):
            return try Self.html(
                try templates.render(name, model.with(["assets": assets.addresses as Model])), to: request)
        case .signedIn(let token, let path, let note):
            var response = Response.redirect(to: path)
            cookie.set(token, in: &response)
            Flash.write(note, to: &response)
            return response
        case .redirect(let path, let note):
            var response = Response.redirect(to: path)
            Flash.write(note, to: &response)
            return response
        case .page(let page):
            var visit = visit
            if let tenant = page.choosing { visit.chosenTenant = tenant.isEmpty ? nil : tenant }
            let html = try templates.render("page", try await shell(page, request, visit))
            var response = try Self.html(html, page.status, to: request)
            if visit.flash != nil { Flash.clear(&response) }
            if page.choosing != nil { Tenancy.choose(visit.chosenTenant, in: &response) }
            return response
        }
    }

    private func shell(_ page: Page, _ request: Request, _ visit: Visit) async throws -> Model {
        let live = visit.live
        // Fields that are being edited are not fetched again with the rest.
        let watch = page.isStill ? nil : visit.watch
        let still = watch != nil ? (page.blocks.lastIndex { $0.kind == "filters" }.map { $0 + 1 } ?? 0) : 0
        let navigation = try await Navigation.model(visit, counts: counts)
        return Model([
            "title": page.title, "heading": page.heading ?? page.title, "lead": page.lead,
            "crumb": page.crumb?.label, "crumbHref": page.crumb?.href, "headActions": page.actions.map(\.model),
            "still": page.blocks.prefix(still).map(\.model), "blocks": page.blocks.dropFirst(still).map(\.model),
            "live": watch != nil, "watch": watch?.query,
            "address": request.uri.description,
            "assets": assets.addresses as Model, "theme": visit.theme, "csrf": CSRFToken.make(for: visit.token),
            "once": Self.random(), "ours": Self.random(), "signInEnds": APIJSON.text(live.endsAt),
            "navigation": navigation, "organization": live.organizationName,
            "isVisiting": live.organization != live.home,
            "name": live.name, "email": live.email, "roleLabel": live.role.label,
            "initials": Self.initials(live.name), "flash": visit.flash, "jumps": Navigation.jumps,
            "tenancy": try await Tenancy.model(visit, address: request.uri.description),
        ])
    }

    /// A page without the shell: for those who are not signed in, or have something to do first.
    func bare(
        _ request: Request, title: String, lead: String? = nil, footnote: String? = nil, token: SignInToken? = nil,
        status: HTTPResponse.Status = .ok, _ blocks: [Block]
    ) throws -> Response {
        let model = Model([
            "title": title, "heading": title, "lead": lead, "footnote": footnote, "blocks": blocks.map(\.model),
            "assets": assets.addresses as Model, "theme": Self.theme(request), "isSignedIn": token != nil,
            "csrf": token.map(CSRFToken.make), "once": Self.random(), "ours": Self.random(),
        ])
        return try Self.html(try templates.render("bare", model), status, to: request)
    }

    static func html(_ text: String, _ status: HTTPResponse.Status = .ok, to request: Request) throws -> Response {
        var headers: HTTPFields = [.contentType: "text/html; charset=utf-8", .vary: "Accept-Encoding, Cookie"]
        var bytes = Array(text.utf8)
        if Gzip.isWelcome(request), bytes.count > 1_000 {
            bytes = try Gzip.compress(bytes)
            headers[.contentEncoding] = "gzip"
        }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func random() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    private static func initials(_ name: String) -> String {
        let words = name.splitScalars { " .@-_".unicodeScalars.contains($0) }
        return words.prefix(2).compactMap(\.unicodeScalars.first).map(\.properties.uppercaseMapping).joined()
    }

    /// Answers problems as pages, in words, instead of as JSON.
    func framed(
        _ request: Request, _ context: WebContext, _ body: () async throws -> Response
    ) async throws -> Response {
        do {
            return try await body()
        } catch {
            return try await refused(errors.problem(for: error, request, context), request, context)
        }
    }

    private func refused(_ problem: Problem, _ request: Request, _ context: WebContext) async throws -> Response {
        let blocks: [Block] = [
            .notice(.bad, nil, problem.detail),
            .actions([.link("Back to the dashboard", "/")]),
            .text("Request \(context.requestID)", style: "muted"),
        ]
        // Without the database no sign-in can be checked.
        let signIn = try? await signedIn(request)
        var response: Response
        if let (token, live) = signIn.flatMap(\.self), live.duty == nil {
            let page = Page(title: problem.title, blocks: blocks, status: problem.status)
            response = try await answer(.page(page), to: request, visit(request, context, token, live, Entries()))
        } else {
            response = try bare(request, title: problem.title, status: problem.status, blocks)
        }
        if !problem.allowed.isEmpty {
            response.headers[.allow] = problem.allowed.map(\.rawValue).sorted().joined(separator: ", ")
        }
        return response
    }
}

extension Response {
    /// On to another page of ours, with GET; to the first one if the path leads elsewhere.
    static func redirect(to path: String) -> Response {
        Response(status: .seeOther, headers: [.location: LocalPath.of(path) ?? "/"])
    }
}

extension Role {
    var label: String {
        switch self {
        case .viewer: "viewer"
        case .engineer: "engineer"
        case .dispatcher: "dispatcher"
        case .admin: "administrator"
        case .owner: "owner"
        case .superAdmin: "super administrator"
        }
    }
}

extension Open where Value == Role {
    var label: String { known?.label ?? text }
}

extension LiveSignIn.Duty {
    /// The page on which it is done.
    var path: String {
        switch self {
        case .enterCode: "/sign-in/code"
        case .changePassword: "/sign-in/password"
        case .setUpSecondFactor: "/sign-in/second-factor"
        }
    }
}
