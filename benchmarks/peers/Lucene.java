// What the peer `lucene` does inside Java: one call from Python for a build, a query or a batch of them.
//
// An answer is bytes: for each hit, best first, the line number and the bits of the score (or the day, where the newest
// were asked for), big-endian, four bytes each. Reading stored fields is no part of a query; the number is a doc value.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.queryparser.classic.QueryParser;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.FieldDoc;
import org.apache.lucene.search.IndexOrDocValuesQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortField;
import org.apache.lucene.search.TopFieldCollector;
import org.apache.lucene.search.TopScoreDocCollector;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.Version;

public final class Lucene {
  private static final double MEMORY_MB = 256;
  private static final Analyzer ANALYZER = analyzer(); // keeps its parts for each thread
  private static final Sort NEWEST = new Sort(new SortField("day", SortField.Type.LONG, true));

  private final DirectoryReader reader;
  private final IndexSearcher searcher;

  public Lucene(String folder) throws Exception {
    reader = DirectoryReader.open(FSDirectory.open(Path.of(folder)));
    searcher = new IndexSearcher(reader);
    // The passes ask the same questions again and again, which no user does: nothing is to be remembered.
    searcher.setQueryCache(null);
  }

  public static String version() {
    return Version.LATEST + ", Java " + System.getProperty("java.version");
  }

  /** Words are lower-cased and stemmed by Snowball's English rules; there are no stop words. */
  private static Analyzer analyzer() {
    return new Analyzer() {
      @Override
      protected TokenStreamComponents createComponents(String field) {
        Tokenizer words = new StandardTokenizer();
        TokenStream stems = new SnowballFilter(new LowerCaseFilter(words), "English");
        return new TokenStreamComponents(words, stems);
      }
    };
  }

  /** Each line is one article: number, day (0: none), id and body as JSON. Ends when all is committed and merged. */
  public static void write(String articles, String folder) throws Exception {
    IndexWriterConfig config = new IndexWriterConfig(ANALYZER).setRAMBufferSizeMB(MEMORY_MB);
    config.setUseCompoundFile(false);
    ObjectMapper json = new ObjectMapper();
    try (IndexWriter writer = new IndexWriter(FSDirectory.open(Path.of(folder)), config);
        BufferedReader lines = Files.newBufferedReader(Path.of(articles))) {
      long number = writer.getDocStats().numDocs;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode row = json.readTree(line);
        Document document = new Document();
        document.add(new NumericDocValuesField("number", number++));
        document.add(new StringField("id", row.get("id").asText(), Field.Store.YES));
        String body = row.get("title").asText() + "\n" + row.get("text").asText();
        document.add(new TextField("body", body, Field.Store.YES));
        long day = day(row.get("date"));
        if (day > 0) {
          document.add(new LongPoint("day", day));
          document.add(new NumericDocValuesField("day", day));
        }
        writer.addDocument(document);
      }
      writer.commit();
    }
  }

  /** The first day of a date of day, month or year precision as days of the common era; 0 for none. */
  private static long day(JsonNode written) {
    if (written == null || written.isNull()) {
      return 0;
    }
    String date = written.asText();
    String day = date + "-01-01".substring(Math.min(6, Math.max(0, date.length() - 4)));
    return java.time.LocalDate.parse(day).toEpochDay() + 719163;
  }

  public int articles() {
    return reader.numDocs();
  }

  public int segments() {
    return reader.leaves().size();
  }

  private Query parse(String text, boolean all, long since, long until) throws Exception {
    QueryParser parser = new QueryParser("body", ANALYZER);
    if (all) {
      parser.setDefaultOperator(QueryParser.Operator.AND);
    }
    Query query = parser.parse(text);
    if (until == 0) {
      return query;
    }
    Query range =
        new IndexOrDocValuesQuery(
            LongPoint.newRangeQuery("day", since, until),
            NumericDocValuesField.newSlowRangeQuery("day", since, until));
    return new BooleanQuery.Builder()
        .add(query, BooleanClause.Occur.MUST)
        .add(range, BooleanClause.Occur.FILTER)
        .build();
  }

  public byte[] search(String text, boolean all, int top, long since, long until, boolean newest) throws Exception {
    Query query = parse(text, all, since, until);
    // The threshold is the least there is: it need not count what it can skip.
    ScoreDoc[] hits =
        newest
            ? searcher.search(query, TopFieldCollector.createSharedManager(NEWEST, top, null, top)).scoreDocs
            : searcher.search(query, TopScoreDocCollector.createSharedManager(top, null, top)).scoreDocs;
    ByteBuffer answer = ByteBuffer.allocate(8 * hits.length);
    long[] numbers = numbers(hits);
    for (int i = 0; i < hits.length; i++) {
      answer.putInt((int) numbers[i]);
      answer.putFloat(newest ? (float) (Long) ((FieldDoc) hits[i]).fields[0] : hits[i].score);
    }
    return answer.array();
  }

  /** The line numbers of hits: doc values are read forward only, so they are asked for in order of documents. */
  private long[] numbers(ScoreDoc[] hits) throws Exception {
    Integer[] order = new Integer[hits.length];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    java.util.Arrays.sort(order, (a, b) -> Integer.compare(hits[a].doc, hits[b].doc));
    long[] numbers = new long[hits.length];
    List<LeafReaderContext> leaves = reader.leaves();
    int open = -1;
    NumericDocValues values = null;
    for (int i : order) {
      int leaf = ReaderUtil.subIndex(hits[i].doc, leaves);
      if (leaf != open) {
        values = leaves.get(leaf).reader().getNumericDocValues("number");
        open = leaf;
      }
      values.advanceExact(hits[i].doc - leaves.get(leaf).docBase);
      numbers[i] = values.longValue();
    }
    return numbers;
  }

  /** Many queries of loose words. An answer is preceded by its length in bytes. */
  public byte[] batch(String[] texts, int top, int threads) throws Exception {
    byte[][] answers = new byte[texts.length][];
    if (threads == 1) {
      for (int i = 0; i < texts.length; i++) {
        answers[i] = search(texts[i], false, top, 0, 0, false);
      }
    } else {
      ExecutorService pool = Executors.newFixedThreadPool(threads);
      List<Callable<Void>> tasks = new ArrayList<>();
      int share = Math.max(1, texts.length / (threads * 8));
      for (int start = 0; start < texts.length; start += share) {
        int first = start;
        int last = Math.min(start + share, texts.length);
        tasks.add(
            () -> {
              for (int i = first; i < last; i++) {
                answers[i] = search(texts[i], false, top, 0, 0, false);
              }
              return null;
            });
      }
      for (Future<Void> done : pool.invokeAll(tasks)) {
        done.get();
      }
      pool.shutdown();
    }
    int room = 0;
    for (byte[] answer : answers) {
      room += 4 + answer.length;
    }
    ByteBuffer all = ByteBuffer.allocate(room);
    for (byte[] answer : answers) {
      all.putInt(answer.length).put(answer);
    }
    return all.array();
  }

  public int count(String text, boolean all, long since, long until) throws Exception {
    return searcher.count(parse(text, all, since, until));
  }
}
