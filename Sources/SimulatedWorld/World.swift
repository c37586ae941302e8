/// The world that the simulators start with: a small managed service provider and its customers, all invented.
///
/// The same seed gives the same world. ConnectWise and Webex made from one world fit together: the members' e-mail
/// addresses are those of the Webex people.
public struct World: Sendable {
    /// Decides everything that is left to chance.
    public var seed: UInt64
    /// How many tickets there are at the start.
    public var tickets: Int
    /// Whether tickets have notes, time entries and assignments; without them a ticket costs about 300 bytes.
    public var hasHistory: Bool
    /// Companies beside those that have tickets.
    public var extraCompanies = 0
    /// Members beside those who work.
    public var extraMembers = 0
    /// Statuses of the first board beside the usual ones.
    public var extraStatuses = 0

    /// A pleasant small world with some hundred tickets that have a history.
    public init(seed: UInt64 = 2026, tickets: Int = 240) {
        self.seed = seed
        self.tickets = tickets
        hasHistory = true
    }

    /// A world for load: many tickets, cheap, without notes and time entries.
    public static func load(tickets: Int, seed: UInt64 = 2026) -> World {
        var world = World(seed: seed, tickets: tickets)
        world.hasHistory = false
        return world
    }

    /// A person who works at the provider.
    public struct Person: Sendable, Hashable {
        /// ConnectWise login name.
        public let identifier: String
        /// Given name.
        public let firstName: String
        /// Family name.
        public let lastName: String
        /// What they do.
        public let title: String
        /// The address in ConnectWise and Webex.
        public var email: String { "\(firstName).\(lastName)@rivermark.example".lowercased() }
        /// Given and family name.
        public var name: String { "\(firstName) \(lastName)" }

        init(_ identifier: String, _ firstName: String, _ lastName: String, _ title: String) {
            self.identifier = identifier
            self.firstName = firstName
            self.lastName = lastName
            self.title = title
        }
    }

    /// Those who work at the provider; they are members in ConnectWise and people in Webex.
    public static let staff: [Person] = [
        Person("jmoreau", "Juliette", "Moreau", "Service manager"),
        Person("dokafor", "Daniel", "Okafor", "Dispatcher"),
        Person("slindqvist", "Sara", "Lindqvist", "Senior engineer"),
        Person("pnovak", "Petr", "Novak", "Network engineer"),
        Person("aferreira", "Ana", "Ferreira", "Systems engineer"),
        Person("twhitlock", "Tom", "Whitlock", "Service desk engineer"),
        Person("mhaddad", "Maya", "Haddad", "Service desk engineer"),
        Person("kbrandt", "Kai", "Brandt", "Security engineer"),
        Person("rsato", "Ren", "Sato", "Voice engineer"),
        Person("igallagher", "Isla", "Gallagher", "Project engineer"),
        Person("bmensah", "Ben", "Mensah", "Service desk engineer"),
        Person("lrossi", "Livia", "Rossi", "Account manager"),
    ]

    /// Names of the service boards, in the order of their ids from 1.
    public static let boards = ["Service Desk", "Network Operations", "Security", "Voice", "Projects"]

    /// Titles of the Webex rooms in which the bot is, one for each board and some more.
    public static let rooms = [
        "Service Desk – new tickets", "Network Operations", "Security alerts", "Voice team", "Projects", "Dispatch",
        "On call", "Lighthouse Dental – VIP",
    ]

    /// The customers: ConnectWise identifier, name, and where they are.
    package static let customers: [(identifier: String, name: String, city: String, state: String)] = [
        ("LighthouseDental", "Lighthouse Dental Group", "Portland", "ME"),
        ("AlderStone", "Alder & Stone Architects", "Burlington", "VT"),
        ("HarborFreightCo", "Harborline Freight", "Norfolk", "VA"),
        ("GreenleafVet", "Greenleaf Veterinary", "Boise", "ID"),
        ("CopperKettle", "Copper Kettle Bakeries", "Madison", "WI"),
        ("NorthgateLaw", "Northgate Law Partners", "Albany", "NY"),
        ("SummitPhysio", "Summit Physiotherapy", "Boulder", "CO"),
        ("BrightwaterCU", "Brightwater Credit Union", "Duluth", "MN"),
        ("PineRidgeSchool", "Pine Ridge School District", "Bend", "OR"),
        ("MarlowePrint", "Marlowe Printworks", "Dayton", "OH"),
        ("TidewaterSurvey", "Tidewater Surveying", "Savannah", "GA"),
        ("OldMillHotel", "The Old Mill Hotel", "Asheville", "NC"),
        ("FairviewClinic", "Fairview Family Clinic", "Tucson", "AZ"),
        ("IronwoodHVAC", "Ironwood Heating & Air", "Omaha", "NE"),
        ("QuarrySteel", "Quarry Steel Fabricators", "Gary", "IN"),
        ("BlueHeronMedia", "Blue Heron Media", "Austin", "TX"),
        ("ClearviewOptics", "Clearview Optics", "Reno", "NV"), ("MeadowFarms", "Meadowbrook Farms", "Lancaster", "PA"),
        ("StationTheatre", "Station Street Theatre", "Providence", "RI"),
        ("AtlasTile", "Atlas Tile & Stone", "Tampa", "FL"),
        ("RedwoodRealty", "Redwood Realty", "Eureka", "CA"), ("CedarPointIns", "Cedar Point Insurance", "Topeka", "KS"),
        ("FoxglovePharm", "Foxglove Pharmacy", "Salem", "OR"),
        ("SilverBirch", "Silver Birch Senior Living", "Fargo", "ND"),
        ("KestrelAero", "Kestrel Aerospace Parts", "Wichita", "KS"),
    ]

    /// Given names of people at the customers.
    package static let firstNames = [
        "Olivia", "Marcus", "Priya", "Henry", "Elena", "Jonas", "Grace", "Samuel", "Nadia", "Victor", "Clara", "Owen",
        "Leila", "Peter", "Hannah", "Diego", "Ruth", "Felix", "Amara", "Walter",
    ]

    /// Family names of people at the customers.
    package static let lastNames = [
        "Bennett", "Castillo", "Dunn", "Eriksen", "Fischer", "Grant", "Holloway", "Iyer", "Jensen", "Kowalski",
        "Lambert",
        "Meyer", "Nwosu", "Osborne", "Park", "Quinn", "Reyes", "Sullivan", "Tanaka", "Underwood",
    ]
}
