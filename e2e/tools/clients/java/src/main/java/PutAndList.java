import java.util.stream.Collectors;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Puts an object and lists the bucket; everything about credentials comes from the pod's environment. */
public final class PutAndList {
  public static void main(String[] args) {
    String bucket = System.getenv("BUCKET");
    String key = System.getenv("KEY");
    try (S3Client s3 = S3Client.create()) {
      s3.putObject(put -> put.bucket(bucket).key(key), RequestBody.fromString("put by Java"));
      String keys =
          s3.listObjectsV2(list -> list.bucket(bucket)).contents().stream()
              .map(S3Object::key)
              .map(name -> '"' + name + '"')
              .collect(Collectors.joining(","));
      System.out.println("{\"keys\":[" + keys + "]}");
    }
  }
}
